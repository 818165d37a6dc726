/** "A", "A and B", "A, B and C", with the language's word before the last. */
export function enumerate(words: string[], last: string): string {
  if (words.length < 2) {
    return words.join('');
  }
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
