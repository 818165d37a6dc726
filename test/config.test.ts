import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config.js';

describe('settings', () => {
  it('come from flags before the environment, and from defaults', () => {
    const config = parseConfig({ PORT: '4000' }, { PAWDEX_PORT: '5000', PAWDEX_HOST: '::1', PATH: '/bin' });
    expect(config).toMatchObject({ PORT: 4000, HOST: '::1', LOG_LEVEL: 'info', API_KEYS: [] });
  });

  it.each(['PROT', 'port', 'toString', 'constructor', '__proto__'])('refuse PAWDEX_%s', (name) => {
    expect(() => parseConfig({}, { [`PAWDEX_${name}`]: '1' })).toThrow(`PAWDEX_${name} is not a setting`);
  });
});
