import type { Arena } from '../../bpf/arena/arena.js'
import { frameStart } from '../../brands.js'
import { arenaContentsJson } from '../../contract/arenas.js'
import { hole } from '../../memory/frame-reader.js'
import { problemText } from '../../problems.js'
import { escapeText } from '../../text.js'
import { containersDirectory } from './containers.js'
import { memoryFile } from './memory-file.js'
import type { Directory, Entry, File } from './node.js'
import { section } from './section.js'
import { jsonFile, placed, textFile, type View } from './view.js'

export function arenasDirectory(view: View): Directory {
  return section({
    title: 'BPF arenas',
    about: 'Memory that BPF programs share with user space.',
    parts: [['<id>/', 'one arena, by the id of its map']],
    commands: ['arenas', 'arena'],
    cache: view.cache,
    entries: () =>
      view.session.arenas.map((arena): Entry => [String(arena.id), () => arenaDirectory(view, arena)]),
  })
}

function arenaDirectory(view: View, arena: Arena): Directory {
  return section({
    title: `Arena ${arena.id}`,
    about: `${escapeText(arena.name)}: ${arena.pages.length} pages of ${arena.window.declaredPages}.`,
    parts: [['containers/', 'trees, heaps, queues, bitmaps and the topology in it']],
    commands: ['arena', 'allocators', 'containers'],
    attributes: placed('struct bpf_arena', arena.info.address),
    cache: view.cache,
    entries: (notes) => {
      for (const problem of arena.problems) notes.add('arena', problemText(problem))
      return [
        [
          'info.json',
          jsonFile(view, 'the whole: `cryoscope arena TARGET ID --json`', () => arenaContentsJson(arena)),
        ],
        [
          'pages.txt',
          textFile(view, 'pages that have memory: number, address, physical address', () => pagesText(arena)),
        ],
        ['containers', () => containersDirectory(view, arena)],
        ['memory', arenaMemory(view, arena)],
      ]
    },
  })
}

function pagesText(arena: Arena): string {
  const { window } = arena
  return arena.pages
    .map((page) => {
      const address = window.userAddress(window.first + page * 4096).toString(16)
      return `${String(page).padStart(7)} 0x${address} 0x${frameStart(window.frameOf(page)).toString(16)}\n`
    })
    .join('')
}

function arenaMemory({ session }: View, arena: Arena): File {
  const { window } = arena
  return memoryFile(session.target.memory, {
    about: 'its memory by place, sparse: pages that it does not have (pages.txt) read as zeros',
    attributes: {
      ...placed('struct bpf_arena', arena.info.address),
      'cryoscope.start': `0x${window.userStart.toString(16)}`,
    },
    isOfOneStop: true,
    size: () => window.length,
    allocated: () => arena.pages.length * 4096,
    frameAt() {
      const frames = new Map(arena.pages.map((page) => [page, window.frameOf(page)]))
      return (page) => frames.get(page) ?? hole
    },
    reason: (page) => `page ${page} of arena ${arena.id} is mapped, but the target does not hold its memory`,
  })
}
