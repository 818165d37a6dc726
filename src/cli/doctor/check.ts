/** One thing that `pawdex doctor` looked at. */
export interface Check {
  name: string;
  /** `warning`: works, but not as well as it could. */
  status: 'ok' | 'warning' | 'failed';
  detail: string;
  /** What to do about it. */
  hint?: string;
}

export const ok = (name: string, detail: string): Check => ({ name, status: 'ok', detail });
export const warning = (name: string, detail: string, hint: string): Check => ({
  name,
  status: 'warning',
  detail,
  hint,
});
export const failed = (name: string, detail: string, hint: string): Check => ({
  name,
  status: 'failed',
  detail,
  hint,
});
