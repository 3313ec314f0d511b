import tseslint from 'typescript-eslint';

// Rules between projects stand in .dependency-cruiser.cjs; here are the rules inside a folder. .ci/boundaries-canary.mjs proves that each one objects.

/** An allow-list per folder, written as "anything but". */
const only = (allowed, message) => ['error', { patterns: [{ regex: `^(?!(${allowed}))`, message }] }];
const SPECS = ['**/*.spec.ts'];
const FLOAT = 'Money is integer minor units: no floats.';

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.talon/**', '.nx/**'] },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Read configuration in config.ts only.' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } }],
      'max-len': ['error', { code: 160, ignoreUrls: true, ignoreRegExpLiterals: true, ignoreStrings: true, ignoreTemplateLiterals: true }],
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true }],
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.name='parseFloat'], CallExpression[callee.property.name='parseFloat']", message: FLOAT },
        { selector: "Property[key.name='amountMinor'] > Literal[raw=/\\./], Property[key.name='amountMinor'] > BinaryExpression[operator='/']", message: FLOAT },
      ],
    },
  },
  { files: ['**/config.ts', 'load-tests/**/*.ts', '**/*.spec.ts', 'libs/testing/**/*.ts'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['**/*.spec.ts', 'libs/testing/**/*.ts'], rules: { 'max-lines-per-function': 'off' } },
  {
    files: ['services/*/src/domain/**/*.ts'],
    ignores: SPECS,
    rules: {
      'no-restricted-imports': only('\\./|@talon/(kernel|event-sourcing)$', 'domain/ is pure.'),
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0], MemberExpression[object.name='Date'][property.name='now']",
          message: 'Take `now` from the command.',
        },
        { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Take ids from the command.' },
        { selector: 'AwaitExpression', message: 'decide and evolve are synchronous.' },
        { selector: "CallExpression[callee.name='parseFloat']", message: FLOAT },
      ],
    },
  },
  {
    files: ['services/*/src/application/**/*.ts'],
    ignores: SPECS,
    rules: {
      'no-restricted-imports': only(
        '\\./|\\.\\./domain/|@nestjs/(common|cqrs)$|@talon/(kernel|event-sourcing|contracts)$',
        'application/ reaches out through its ports.',
      ),
    },
  },
  {
    files: ['services/*/src/adapters/*/**/*.ts'],
    ignores: SPECS,
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^\\.\\./(?!\\.\\./)(?!(application|domain|config))', message: 'An adapter does not import a sibling adapter.' }] }] },
  },
  // A second rule name, because flat config replaces, not merges, the options of the same rule.
  {
    files: ['**/*.ts'],
    ignores: [...SPECS, 'libs/testing/**', '**/testing/**', 'load-tests/**', '**/*.contract.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: [{ name: '@talon/testing', message: 'Specs only.' }] }] },
  },
);
