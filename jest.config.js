// One configuration for the whole workspace: `unit` needs nothing, `int` needs real servers, started once by its global set-up.
const { readFileSync } = require('node:fs');

const { $schema: _schema, exclude: _specs, module: _module, ...compiler } = JSON.parse(readFileSync(`${__dirname}/.swcrc`, 'utf8'));
// .swcrc leaves specs out of the build; here they are wanted. Dynamic imports become require, as all of Jest's modules are CommonJS.
const swc = { ...compiler, swcrc: false };
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: { '^.+\\.(t|j|m)s$': ['@swc/jest', swc] },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
  testEnvironmentOptions: { customExportConditions: ['talon-source', 'node', 'require', 'node-addons'] },
  modulePathIgnorePatterns: ['<rootDir>/.talon/', '/dist/'],
};
module.exports = {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{libs,services,deploy,load-tests}/**/*.spec.ts'], testPathIgnorePatterns: ['\\.int\\.spec\\.ts$', '/node_modules/', '/dist/'] },
    { ...shared, displayName: 'int', testMatch: ['<rootDir>/{libs,services,deploy,load-tests}/**/*.int.spec.ts'], globalSetup: '<rootDir>/libs/testing/jest/global-setup.js', globalTeardown: '<rootDir>/libs/testing/jest/global-teardown.js' },
  ],
};
