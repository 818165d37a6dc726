/** What can be wrong with a request and the images in it. */
export const REQUEST_ERRORS = {
  // Requests
  invalid_request: {
    status: 400,
    title: 'The request is not valid.',
    hint: 'The API reference at /docs describes the fields of each request.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON.',
    hint: 'Send a JSON object in UTF-8 with content-type application/json.',
  },
  invalid_multipart: {
    status: 400,
    title: 'The multipart body could not be read.',
    hint: 'Let your HTTP client build the form: curl -F image=@photo.jpg.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not supported.',
    hint: 'Send application/json. Endpoints for images also accept multipart/form-data with a field `image`.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request is too large.',
    hint: 'Send a smaller file, or raise PAWDEX_MAX_UPLOAD_MB on the server.',
  },
  precondition_failed: {
    status: 412,
    title: 'The file does not match the condition of the request.',
    hint: 'Omit If-Match and If-Unmodified-Since to get the current file.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The file does not have the requested range.',
    hint: 'Omit Range to get the whole file.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive.',
    hint: 'Try again over a faster connection, or send a smaller file.',
  },
  unauthorized: {
    status: 401,
    title: 'This server requires an API key.',
    hint: 'Send `Authorization: Bearer KEY` with one of the keys in PAWDEX_API_KEYS.',
  },
  host_not_allowed: {
    status: 403,
    title:
      'This server has no API keys, so it only answers to localhost, IP addresses and allowed host names.',
    hint: 'Use localhost or an IP address, add the name to PAWDEX_ALLOWED_HOSTS, or set PAWDEX_API_KEYS.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'Cross-site requests are refused because this server has no API keys.',
    hint: 'Add the site to PAWDEX_ALLOWED_ORIGINS. If it is this server behind a proxy, add its name to PAWDEX_ALLOWED_HOSTS.',
  },
  read_only: {
    status: 403,
    title: 'This server is read-only.',
    hint: 'Only requests that read are allowed. To allow writes, restart the server without PAWDEX_READ_ONLY.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing at this address.',
    hint: 'See /docs for all endpoints.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This method is not supported here.',
    hint: 'See /docs for the methods of each endpoint.',
  },
  // Images by URL, shared answers
  url_input_disabled: {
    status: 400,
    title: 'This server does not fetch images by URL.',
    hint: 'Send the image itself: multipart field `image`, or `imageBase64` in JSON. PAWDEX_FETCH_URLS enables it.',
  },
  sharing_disabled: {
    status: 403,
    title: 'Sharing is disabled on this server.',
    hint: 'Set PAWDEX_SHARE_HOURS on the server, or save the answer as a picture.',
  },
  share_not_found: {
    status: 404,
    title: 'There is no such shared answer.',
    hint: 'It may have expired. Ask the sender to share it again.',
  },
  url_not_allowed: {
    status: 403,
    title: 'This server does not fetch from that URL.',
    hint: 'Use an http or https URL on the public internet, without a user name or password.',
  },
  url_unreachable: {
    status: 422,
    title: 'The image could not be fetched from its URL.',
    hint: 'Check that the URL opens as a picture in a browser, or send the image itself.',
  },
  // Images
  image_missing: {
    status: 400,
    title: 'The request contains no image.',
    hint: 'Send one file in the multipart field `image`, or `imageBase64` in JSON.',
  },
  image_unexpected: {
    status: 400,
    title: 'The request contains too many files, or a file in the wrong field.',
    hint: 'Send exactly one file, in the multipart field `image`.',
  },
  image_empty: {
    status: 400,
    title: 'The image is empty.',
    hint: 'Check that your program reads the file before it sends it.',
  },
  image_unsupported: {
    status: 415,
    title: 'The file is not an image in a supported format.',
    hint: 'Send JPEG, HEIC, PNG, WebP, GIF, AVIF, TIFF or BMP. The format is read from the content, not from the file name.',
  },
  image_heic: {
    status: 415,
    title: 'This HEIC photo cannot be decoded.',
    hint: 'It may be damaged, or use an unsupported variant. Export it as JPEG ("most compatible" on a phone).',
  },
  image_corrupt: {
    status: 422,
    title: 'The image is damaged or incomplete.',
    hint: 'Check that the file opens in a viewer, and send it again if the upload was interrupted.',
  },
  image_too_small: {
    status: 422,
    title: 'The image is too small to show an animal.',
    hint: 'Send a photo of at least 16 pixels on each side.',
  },
  region_invalid: {
    status: 422,
    title: 'The region is too small, or not inside the image.',
    hint: 'Send `region` as x,y,width,height in fractions of the upright photo, from 0 to 1. It must have at least 16 pixels on each side.',
  },
  image_too_large: {
    status: 422,
    title: 'The image is too large to decode.',
    hint: 'Send a smaller version: 1000 pixels on the long side are enough. The limits are PAWDEX_MAX_PIXELS and PAWDEX_DECODE_MEMORY_MB.',
  },
  image_too_slow: {
    status: 422,
    title: 'The image took too long to decode.',
    hint: 'Send a smaller version, or save it as an ordinary JPEG.',
  },
} as const;
