/**
 * Switches off the telemetry of ONNX Runtime 1.30, which otherwise keeps a device id and reports its use. Import this
 * before ONNX Runtime itself, also in the thread that starts the encoder's workers: only the main thread's environment
 * is that of the process. ORT_DISABLE_TELEMETRY=0 switches the reports on again.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
