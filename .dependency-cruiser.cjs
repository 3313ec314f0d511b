// Who may import whom between projects. The tags of project.json are the source; .ci/boundaries-canary.mjs proves that each rule objects.
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

/** Which npm package belongs to which library: each technology client is imported in one place only. */
const OWNERS = {
  '^pg$': 'libs/event-store-postgres',
  '^redis$|^@redis/': 'libs/redis',
  '^@nats-io/': 'libs/nats',
  '^@eventstore/|^@grpc/': 'libs/eventstoredb',
  '^jose$': 'libs/(http|testing)|services/standalone/src/adapters/oidc',
  '^oidc-provider$': 'services/standalone/src/adapters/oidc',
  '^prom-client$|^pino': 'libs/(observability|platform|http|read-model)',
};
const MAY_IMPORT = {
  core: ['core'],
  contracts: ['core'],
  adapter: ['core', 'contracts'],
  platform: ['core', 'contracts', 'adapter'],
  testing: ['core', 'contracts', 'adapter'],
};
const SPEC = '\\.spec\\.ts$|/testing/|^libs/testing/|^load-tests/';

const projects = readdirSync(join(__dirname, 'libs')).map((name) => {
  const { tags } = JSON.parse(readFileSync(join(__dirname, 'libs', name, 'project.json'), 'utf8'));
  return { path: `libs/${name}`, type: tags.find((tag) => tag.startsWith('type:')).slice('type:'.length) };
});
const alternatives = (paths) => `^(${paths.join('|')})/`;
const pathsOf = (...types) => projects.filter((project) => types.includes(project.type)).map((project) => project.path);
const npm = (pattern) => `node_modules/(${pattern.replaceAll('^', '').replaceAll('$', '/')})`;

const libraryRules = projects.map(({ path, type }) => ({
  name: `${path.replace('/', '-')}-imports-inwards`,
  severity: 'error',
  comment: `type:${type} may import ${MAY_IMPORT[type].join(', ')} only`,
  from: { path: `^${path}/`, pathNot: SPEC },
  to: { path: '^(libs|services)/', pathNot: [`^${path}/`, alternatives(type === 'adapter' ? pathsOf('core', 'contracts') : pathsOf(...MAY_IMPORT[type]))] },
}));

const ownerRules = Object.entries(OWNERS).map(([pattern, owner]) => ({
  name: `one-owner-of-${pattern.match(/[a-z][a-z-]*/)[0]}`,
  severity: 'error',
  comment: `imported in ${owner} only`,
  from: { path: '^(libs|services)/', pathNot: [`^(${owner})(/|$)`, SPEC] },
  to: { path: npm(pattern) },
}));

module.exports = {
  forbidden: [
    ...libraryRules,
    ...ownerRules,
    {
      name: 'core-needs-node-only',
      severity: 'error',
      from: { path: alternatives(pathsOf('core')), pathNot: SPEC },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'], pathNot: '^libs/' },
    },
    {
      name: 'services-know-no-service',
      severity: 'error',
      comment: 'Services talk through @talon/contracts; only standalone and cli compose them.',
      from: { path: '^services/([^/]+)/', pathNot: ['^services/(standalone|cli)/', SPEC] },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    { name: 'libraries-know-no-service', severity: 'error', from: { path: '^libs/', pathNot: SPEC }, to: { path: '^services/' } },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(libs|services)/[^/]+/dist/|^\\.talon/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { conditionNames: ['talon-source', 'require', 'node', 'default'], exportsFields: ['exports'], extensions: ['.ts', '.js', '.json'] },
  },
};
