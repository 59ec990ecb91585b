/** Layers only look down. Each room lists the rooms it may import; everything else is an error. */
const rooms = {
  brands: [],
  errors: ['text'],
  text: [],
  units: [],
  extent: [],
  problems: ['errors', 'text'],
  found: ['errors', 'problems'],
  'output-file': ['errors', 'text'],
  contract: ['errors', 'problems', 'text'],
  memory: ['brands', 'errors', 'problems', 'text'],
  btf: ['errors', 'problems', 'text'],
  'package-root': [],
  machine: ['brands', 'errors', 'problems', 'text', 'contract', 'output-file', 'package-root'],
  kernel: ['brands', 'errors', 'problems', 'text', 'contract', 'memory', 'btf'],
  value: ['brands', 'errors', 'problems', 'text', 'contract', 'memory', 'btf', 'kernel'],
  bpf: ['brands', 'errors', 'problems', 'text', 'extent', 'contract', 'memory', 'btf', 'kernel', 'value'],
  frame: ['errors', 'problems', 'text', 'contract', 'output-file', 'btf', 'kernel', 'value', 'bpf'],
  sched: [
    'brands',
    'errors',
    'problems',
    'found',
    'text',
    'units',
    'contract',
    'memory',
    'btf',
    'kernel',
    'value',
    'bpf',
    'frame',
  ],
}
const ground = ['brands', 'errors', 'problems', 'found', 'text', 'units', 'extent', 'output-file', 'contract']
rooms.time = [...ground, 'package-root', 'memory', 'machine']
rooms.session = [...ground, 'memory', 'btf', 'machine', 'time', 'kernel', 'value', 'bpf', 'frame', 'sched']
rooms.history = [...rooms.session, 'session']
rooms.present = [...rooms.session, 'session']
rooms.report = [...rooms.present, 'present']

/** The contract writes JSON of nouns from everywhere below the report: it knows their types, and none of their code. */
const nouns = ['memory', 'btf', 'machine', 'kernel', 'value', 'bpf', 'sched', 'session']

/** Rooms of the pointer recovery, in the same way; all know what a report looks like. */
const castRooms = {
  code: [],
  object: ['code'],
  flow: ['code'],
  weigh: ['code', 'flow'],
}

/**
 * Views do not know each other, but for: the mount shows the tree of files; whoever takes code asks src/ui/typescript; the
 * terminal UI's code line is the prompt's evaluator; the command line starts any of them.
 */
const views = {
  typescript: [],
  files: [],
  fuse: ['files'],
  repl: ['typescript', 'fuse/attach\\.'],
  tui: ['typescript', 'repl/(context|engine|result|start-types)\\.'],
  jupyter: ['typescript'],
}

const room = (name) => `^src/${name}(/|\\.ts$)`

module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([name, below]) => ({
      name: `${name}-looks-down`,
      severity: 'error',
      comment: `src/${name} may import only: ${[name, ...below].join(', ')}`,
      from: { path: room(name) },
      to: {
        path: '^src/',
        pathNot: [name, ...below, ...(name === 'contract' ? nouns : [])].map(room),
      },
    })),
    ...Object.entries(castRooms).map(([name, below]) => ({
      name: `cast-${name}-looks-down`,
      severity: 'error',
      comment: `src/bpf/cast/${name} may import of src/bpf/cast only: ${[name, ...below].join(', ')}`,
      from: { path: `^src/bpf/cast/${name}/` },
      to: {
        path: '^src/bpf/cast/',
        pathNot: ['report\\.ts$', ...[name, ...below].map((one) => `^src/bpf/cast/${one}/`)],
      },
    })),
    ...Object.entries(views).map(([name, known]) => ({
      name: `${name}-knows-no-other-view`,
      severity: 'error',
      comment: `src/ui/${name} may import of src/ui only: ${[name, ...known].join(', ')}`,
      from: { path: `^src/ui/${name}/` },
      to: {
        path: '^src/ui/[^/]+/',
        pathNot: [name, ...known].map((one) => `^src/ui/${one}${one.includes('/') ? '' : '/'}`),
      },
    })),
    {
      name: 'what-views-share-knows-none',
      severity: 'error',
      comment: 'Files of src/ui itself are below every view.',
      from: { path: '^src/ui/[^/]+$' },
      to: { path: '^src/ui/[^/]+/' },
    },
    {
      name: 'the-contract-knows-types-only',
      severity: 'error',
      comment: 'Every room may hand out nouns that know their JSON; so the contract calls none of them.',
      from: { path: room('contract') },
      to: { path: nouns.map(room), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'allocators-read-arenas',
      severity: 'error',
      comment: 'An arena shows its allocators; they are given an ArenaReader and do not know who shows them.',
      from: { path: '^src/bpf/allocators/' },
      to: { path: '^src/bpf/arena/', pathNot: '^src/bpf/arena/(reader|window|users)\\.ts$' },
    },
    {
      name: 'containers-read-arenas',
      severity: 'error',
      comment:
        'An arena shows its containers; they are given what there is to read of it and do not know who shows them.',
      from: { path: '^src/bpf/containers/' },
      to: { path: '^src/bpf/arena/', pathNot: '^src/bpf/arena/(reader|window|users)\\.ts$' },
    },
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
