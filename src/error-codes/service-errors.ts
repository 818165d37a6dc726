/** What can be wrong with a server, its data, files and settings. */
export const SERVICE_ERRORS = {
  // The server
  overloaded: {
    status: 503,
    title: 'The server is overloaded.',
    hint: 'Try again after the number of seconds in the Retry-After header.',
  },
  too_many_open_files: {
    status: 503,
    title: 'The process has reached its limit on open files.',
    hint: 'Raise the limit before starting pawdex: `ulimit -n 2048`, `LimitNOFILE=` of systemd, or `--ulimit nofile=` of Docker.',
  },
  shutting_down: {
    status: 503,
    title: 'The server is shutting down.',
    hint: 'Try again in a moment, or send the request to another instance.',
  },
  worker_failed: {
    status: 503,
    title: 'The worker thread that handled this request died.',
    hint: 'Send the request again: the thread has been restarted. The log of the server names the cause.',
  },
  // The data directory
  storage_full: {
    status: 507,
    title: 'The disk of the data directory is full. Nothing of this request was stored.',
    hint: 'Free some space on the disk of PAWDEX_DATA_DIR and send the request again.',
  },
  storage_failed: {
    status: 500,
    title: 'The data directory could not be read or written.',
    hint: 'Run `pawdex doctor` on the server. The cause is in its log.',
  },
  data_damaged: {
    status: 503,
    title: 'The data directory is damaged: part of what was stored cannot be read.',
    hint: 'Restore a snapshot or a backup of the data directory (docs/store.md), or start once with --accept-damage to continue with the intact part.',
  },
  starting: {
    status: 503,
    title: 'The server is still loading its collections.',
    hint: 'Try again in a moment; /readyz says when it is ready.',
  },
  snapshot_invalid: {
    status: 400,
    title: 'The file is not a complete snapshot.',
    hint: 'Use another copy of the snapshot, or an older snapshot.',
  },
  data_dir_not_empty: {
    status: 409,
    title: 'The data directory is not empty.',
    hint: 'Restore into a directory that is empty or does not exist yet.',
  },
  data_dir_locked: {
    status: 409,
    title: 'Another pawdex process is using this data directory.',
    hint: 'Stop it, or use another --data-dir (PAWDEX_DATA_DIR).',
  },
  data_dir_newer: {
    status: 500,
    title: 'The data directory was written by a newer pawdex.',
    hint: 'Upgrade pawdex, or use another PAWDEX_DATA_DIR.',
  },
  // Settings, files, the command line
  config_invalid: {
    status: 500,
    title: 'A setting is not valid.',
    hint: '`pawdex serve --help` and docs/settings.md describe all settings.',
  },
  keys_missing: {
    status: 500,
    title: 'Refusing to accept connections from other machines without API keys.',
    hint: 'Set PAWDEX_API_KEYS, or listen on 127.0.0.1. To let anyone who reaches the port read, write and delete everything, set PAWDEX_ALLOW_UNAUTHENTICATED=true.',
  },
  model_invalid: {
    status: 500,
    title: 'The model cannot be loaded, or does not match its card.',
    hint: 'Check that it is an ONNX model. `pawdex doctor` tests the configured model.',
  },
  encoder_not_found: {
    status: 404,
    title: 'There is no encoder with this name.',
    hint: '`pawdex encoder list` lists them; `pawdex encoder add FILE` adds one.',
  },
  encoder_unsuitable: {
    status: 400,
    title: 'The model cannot be used as an encoder.',
    hint: 'docs/guides/encoders.md lists the requirements, and the flags for what the file does not specify.',
  },
  export_invalid: {
    status: 400,
    title: 'The file cannot be imported.',
    hint: 'Use another copy of the file; docs/parquet.md lists the required columns.',
  },
  export_not_found: {
    status: 404,
    title: 'This job has no file.',
    hint: 'Only a successful job of the kind `export` has one. The server keeps the files of the last three.',
  },
  gallery_invalid: {
    status: 500,
    title: 'The gallery file cannot be read or does not match the model.',
    hint: 'Rebuild it with scripts/model/build-gallery.mjs, or restore the shipped file.',
  },
  calibration_invalid: {
    status: 500,
    title: 'A calibration cannot be read.',
    hint: 'Fit it again with `pawdex calibrate`.',
  },
  set_invalid: {
    status: 400,
    title: 'The labelled set cannot be read.',
    hint: 'A set is a folder with one sub-folder per label, or a folder with a manifest.csv (columns file and label or breed).',
  },
  sync_refused: {
    status: 409,
    title: "The sync would remove more than a third of the folder's photos.",
    hint: 'Check that the folder is complete and its disk is mounted; preview with --dry-run, then pass --yes or --keep-missing.',
  },
  file_unreadable: {
    status: 400,
    title: 'A file on this machine cannot be read.',
    hint: 'Check that the file exists and that you may read it.',
  },
  usage: {
    status: 400,
    title: 'The command line is not valid.',
    hint: 'See `pawdex COMMAND --help`.',
  },
  operator_not_differentiable: {
    status: 400,
    title: 'The model contains an operator without a gradient rule.',
    hint: 'Freeze the weights before it, or replace the operator on export; docs/autodiff.md lists the rules.',
  },
  provider_unavailable: {
    status: 500,
    title: 'This execution provider is not available on this machine.',
    hint: 'Use --provider cpu, or see docs/gpu.md for what webgpu and cuda need.',
  },
  training_diverged: {
    status: 500,
    title: 'Training diverged: the loss or its gradients are no longer finite.',
    hint: 'Lower optimiser.learningRate or raise the temperature; the last checkpoint and the best encoder so far are kept.',
  },
  native_module_failed: {
    status: 500,
    title: 'A compiled module could not be loaded.',
    hint: 'Run `npm ci` in the folder of pawdex with the Node.js that starts it; `pawdex doctor` checks each module.',
  },
  server_unreachable: {
    status: 502,
    title: 'The pawdex server did not answer.',
    hint: 'Check the address and that the server is running: curl URL/healthz.',
  },
  internal: {
    status: 500,
    title: 'Internal error.',
    hint: 'Please report it, with the log entries for this request id.',
  },
} as const;
