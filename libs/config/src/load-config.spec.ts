import { IsBoolean, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { ConfigError, IsUrlOf, ToBoolean, ToInteger, loadConfig } from './index';

class Settings {
  @IsUrlOf('postgres', 'postgresql') DATABASE_URL: string;
  @ToInteger() @IsInt() @Min(0) @Max(65_535) PORT = 8080;
  @IsOptional() @ToBoolean() @IsBoolean() REHEARSAL?: boolean;
  @IsString() @Length(32, 32) VAULT_KEY: string;
}

const good = { DATABASE_URL: 'postgres://u:secret-1@localhost/db', VAULT_KEY: 'k'.repeat(32) };

const faultsOf = (env: Record<string, string | undefined>) => {
  try {
    loadConfig(Settings, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
};

describe('reading the environment', () => {
  it('fills in what is absent or empty with the defaults', () => {
    expect(loadConfig(Settings, { ...good, PORT: '' })).toEqual({ ...good, PORT: 8080 });
  });

  it('turns text into numbers and booleans', () => {
    expect(loadConfig(Settings, { ...good, PORT: '0', REHEARSAL: '1' })).toMatchObject({ PORT: 0, REHEARSAL: true });
    expect(loadConfig(Settings, { ...good, REHEARSAL: 'off' }).REHEARSAL).toBe(false);
  });

  it.each(['65536', '-1', '80.5', 'http', '1e3'])('refuses the port %s, naming the variable', (PORT) => {
    expect(faultsOf({ ...good, PORT }).faults).toEqual([{ variable: 'PORT', message: expect.any(String) as string }]);
  });

  it('lists every fault at once', () => {
    const { faults, message } = faultsOf({ DATABASE_URL: 'mysql://u:secret-2@h/db', REHEARSAL: 'maybe', PORT: '99999' });
    expect(faults.map(({ variable }) => variable).sort()).toEqual(['DATABASE_URL', 'PORT', 'REHEARSAL', 'VAULT_KEY']);
    expect(message).toContain('VAULT_KEY is missing');
    expect(message).toContain('DATABASE_URL must be a URL starting with postgres:// or postgresql://');
  });

  it('never repeats a value, which may be a secret', () => {
    const { message } = faultsOf({ DATABASE_URL: 'mysql://u:secret-2@h/db', VAULT_KEY: 'short-secret-3' });
    expect(message).not.toMatch(/secret-2|secret-3/);
  });

  it('ignores variables it does not know', () => {
    expect(loadConfig(Settings, { ...good, HOME: '/root' })).not.toHaveProperty('HOME');
  });
});
