/** Errors for images in forms that pawdex does not support. */
import { PawdexError } from '../errors.js';

/** @param hint replaces the general hint of the code */
export const createUnsupportedError = (detail: string, hint?: string) =>
  new PawdexError('image_unsupported', { detail, ...(hint === undefined ? {} : { hint }) });

export const RAW_HINT = 'Export a JPEG from the camera or from your photo software and send that.';
export const createCameraRawError = () =>
  createUnsupportedError('Camera RAW is not supported: export a JPEG.', RAW_HINT);
