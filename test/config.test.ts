import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config.js';

describe('parseConfig', () => {
  it('prefers flags to the environment, and fills in defaults', () => {
    const config = parseConfig({ PORT: '4000' }, { PAWDEX_PORT: '5000', PAWDEX_HOST: '::1', PATH: '/bin' });
    expect(config).toMatchObject({ PORT: 4000, HOST: '::1', LOG_LEVEL: 'info', API_KEYS: [] });
  });

  it.each([
    ['PORT', 'abc', 'PAWDEX_PORT must be a number.'],
    ['PORT', '1.5', 'PAWDEX_PORT must be a whole number.'],
    ['THREADS', '0', 'PAWDEX_THREADS must be at least 1.'],
    ['READ_ONLY', 'maybe', 'PAWDEX_READ_ONLY must be true or false.'],
    [
      'LOG_LEVEL',
      'loud',
      'PAWDEX_LOG_LEVEL must be one of `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`.',
    ],
  ])('refuses %s=%s in plain words', (name, value, message) => {
    expect(() => parseConfig({ [name]: value }, {})).toThrow(message);
  });

  it.each(['PROT', 'port', 'toString', 'constructor', '__proto__'])(
    'refuses PAWDEX_%s, which is no setting',
    (name) => {
      expect(() => parseConfig({}, { [`PAWDEX_${name}`]: '1' })).toThrow(`PAWDEX_${name} is not a setting`);
    },
  );
});
