/** Lets assertions compare typed arrays as bytes: element by element, a million numbers take seconds. */
import { expect } from 'vitest';

const toBytes = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

expect.addEqualityTesters([
  (a, b) => {
    const isSame =
      ArrayBuffer.isView(a) &&
      ArrayBuffer.isView(b) &&
      a.constructor === b.constructor &&
      toBytes(a).equals(toBytes(b));
    // Others are compared as usual, which also says where they differ.
    return isSame ? true : undefined;
  },
]);
