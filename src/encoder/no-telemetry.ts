/**
 * ONNX Runtime 1.30 keeps a device id and reports its use to its maker unless it is told not to. What runs here
 * is nobody else's business. Imported, before ONNX Runtime itself, by all that load it, and by the thread that
 * starts the encoder's: only the main thread's environment is that of the process. Who wants the reports sets
 * ORT_DISABLE_TELEMETRY=0.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
