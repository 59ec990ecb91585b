/** Layers only look down. Each room lists the rooms it may import; everything else is an error. */
const rooms = {
  errors: [],
  text: ['errors'],
  units: [],
  problems: ['errors'],
  memory: ['errors', 'problems', 'text'],
  btf: ['errors', 'problems', 'text'],
  'package-root': [],
  machine: ['errors', 'problems', 'text', 'package-root'],
  kernel: ['errors', 'problems', 'text', 'memory', 'btf'],
  value: ['errors', 'problems', 'text', 'memory', 'btf', 'kernel'],
  bpf: ['errors', 'problems', 'text', 'memory', 'btf', 'kernel', 'value'],
  sched: ['errors', 'problems', 'text', 'units', 'memory', 'btf', 'kernel', 'value', 'bpf'],
  session: [
    'errors',
    'problems',
    'text',
    'units',
    'memory',
    'btf',
    'machine',
    'kernel',
    'value',
    'bpf',
    'sched',
  ],
  report: [
    'errors',
    'problems',
    'text',
    'units',
    'memory',
    'btf',
    'machine',
    'kernel',
    'value',
    'bpf',
    'sched',
    'session',
  ],
}

const room = (name) => `^src/${name}(/|\\.ts$)`

module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([name, below]) => ({
      name: `${name}-looks-down`,
      severity: 'error',
      comment: `src/${name} may import only: ${[name, ...below].join(', ')}`,
      from: { path: room(name) },
      to: { path: '^src/', pathNot: [name, ...below].map(room) },
    })),
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Types may name each other; code may not.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'the-library-does-not-know-its-interfaces',
      severity: 'error',
      comment: 'But for the front door, which hands out sessions that can be mounted.',
      from: { path: '^src/', pathNot: '^src/(ui/|index\\.ts$)' },
      to: { path: '^src/ui/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
}
