export const wait = (milliseconds = 0) => new Promise((resolve) => setTimeout(resolve, milliseconds));
