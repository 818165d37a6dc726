/** English texts for problems that users of the page meet, by code. For other codes, the page shows the server's text. */
export interface ProblemText {
  title: string;
  hint?: string;
}

export const englishProblems = {
  payload_too_large: { title: 'This file is too large for the server.' },
  image_too_large: { title: 'This picture is too large for the server.' },
  image_too_slow: { title: 'This picture took too long to open.' },
  image_too_small: { title: 'This picture is too small to show an animal.' },
  image_heic: {
    title: 'The server cannot read this HEIC photo.',
    hint: 'Share or export the photo as JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible).',
  },
  image_unsupported: {
    title: 'This is not a picture that the server can read.',
    hint: 'Choose a JPEG, HEIC, PNG, WebP, GIF, AVIF, TIFF or BMP file. The content counts, not the name of the file.',
  },
  image_corrupt: {
    title: 'This picture is damaged or incomplete.',
    hint: 'Open it in a viewer to check, and choose it again if it was still being downloaded.',
  },
  image_empty: { title: 'The file is empty.', hint: 'Choose another photo.' },
  unauthorized: { title: 'This server requires an API key.', hint: 'Enter a key above to continue.' },
  collection_not_found: {
    title: 'There is no such collection on this server.',
    hint: 'Choose another collection.',
  },
  sharing_disabled: {
    title: 'Sharing is disabled on this server.',
    hint: 'Save the answer as a picture.',
  },
  share_not_found: {
    title: 'This shared answer does not exist.',
    hint: 'It may have expired. Ask the sender to share it again.',
  },
  url_input_disabled: {
    title: 'This server does not fetch photos from the web.',
    hint: 'Save the photo and drop the file here.',
  },
  url_not_allowed: {
    title: 'The server does not fetch photos from this address.',
    hint: 'It must be an address on the public internet that begins with http:// or https://.',
  },
  url_unreachable: {
    title: 'The server could not fetch a photo from this address.',
    hint: 'Check that the address opens as a picture by itself, or save the photo and drop the file here.',
  },
  overloaded: {
    title: 'The server is busy.',
    hint: 'More photos are waiting than it can answer in time.',
  },
  read_only: { title: 'This server is read-only.', hint: 'It answers questions, but changes nothing.' },
  shutting_down: { title: 'The server is restarting.', hint: 'It should be back in a moment.' },
  // Problems of the page itself.
  offline: { title: 'This device is offline.', hint: 'Connect to the network and try again.' },
  network: {
    title: 'The server did not answer.',
    hint: 'The connection failed or was interrupted. Check that the server is running, then try again.',
  },
  page_outdated: { title: 'This page is older than the one on the server.', hint: 'Reload the page.' },
  file_gone: {
    title: 'This file can no longer be read.',
    hint: 'It was moved, changed or deleted after you chose it. Choose it again.',
  },
  not_a_photo: {
    title: 'This is not a photo.',
    hint: 'Choose a still picture, not a video or a sound file.',
  },
  files_unreadable: {
    title: 'These files cannot be read.',
    hint: 'Check that you may open them, and that a zip is complete.',
  },
  too_many_files: {
    title: 'These are more than 200,000 photos.',
    hint: 'Add them from the command line: pawdex index.',
  },
  picture_failed: {
    title: 'This browser could not create the picture.',
    hint: 'Take a screenshot of the answer instead.',
  },
  name_mismatch: { title: 'The name does not match.' },
  not_shrunk: {
    title: 'This browser could not create a smaller copy.',
    hint: 'Resize the photo in another program, or choose another.',
  },
} satisfies Record<string, ProblemText>;
