/**
 * Turns off the telemetry of ONNX Runtime 1.30, which otherwise stores a device id and reports usage. Import this before
 * ONNX Runtime itself, also in the thread that starts the encoder's workers, because only the main thread's environment is
 * that of the process. ORT_DISABLE_TELEMETRY=0 turns the reports on.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
