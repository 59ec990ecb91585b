import type { BpfMap } from '../src/bpf/map.js'
import { Problems } from '../src/problems.js'
import type { ReportHead } from '../src/report/document.js'
import type { Report } from '../src/report/report.js'
import type { Session } from '../src/session/session.js'
import type { Directory, File, Node } from '../src/ui/files/node.js'
import { SessionTree } from '../src/ui/files/tree.js'
import { allowed, checkJson, checkSentence, checkSentences, checkText } from './check.js'
import { Wrong } from './kind.js'

/** Bytes of one file that are read, and nodes of one tree. */
const mostBytes = 4 * 2 ** 20
const mostNodes = 20_000

/** The directories of a mount that show nouns. */
export type Noun = 'vcpus' | 'tasks' | 'maps' | 'progs' | 'arenas' | 'allocators' | 'sched' | 'kernel'

/** Reads and renders every file of these directories, as a mount shows them. */
export function readFiles(session: Session, nouns: readonly Noun[]): void {
  const tree = new SessionTree(session)
  const budget = { nodes: mostNodes }
  const { root } = tree
  for (const noun of nouns) {
    allowed(() => {
      const node = root.child(noun)
      if (node !== undefined) readNode(noun, node, budget)
    })
  }
  checkSentences(session.problems)
}

/** Every map with its entries, without what shows them. */
export function readMaps(session: Session): void {
  allowed(() => {
    for (const map of session.maps) allowed(() => readMap(map))
  })
  checkSentences(session.problems)
}

function readMap(map: BpfMap): void {
  const problems = new Problems()
  map.state(problems)
  let count = 0
  for (const text of map.json(mostNodes, problems)) {
    count++
    if (count % 16 === 1) checkJson(text)
  }
  for (const { value } of map.entries(problems)) {
    void value?.value
    if (++count > 2 * mostNodes)
      throw new Wrong(`a map of ${map.info.maxEntries} entries has more than ${mostNodes}`)
  }
  allowed(() => map.entryJson('0x00000000', problems))
  checkSentences(problems.sentences)
}

function readNode(name: string, node: Node, budget: { nodes: number }): void {
  if (budget.nodes-- <= 0) throw new Wrong(`a mount shows more than ${mostNodes} nodes`)
  if (/[/\0]/.test(name) || name === '' || name === '.' || name === '..')
    throw new Wrong(`a file is called "${name}"`)
  checkText(name)
  for (const text of Object.values(node.attributes ?? {})) checkText(text)
  if (node.kind === 'directory') readDirectory(node, budget)
  else if (node.kind === 'file') allowed(() => readFile(name, node))
  else checkText(node.target)
}

function readDirectory(directory: Directory, budget: { nodes: number }): void {
  allowed(() => {
    for (const name of directory.names()) {
      allowed(() => {
        const child = directory.child(name)
        if (child === undefined) throw new Wrong(`a directory lists "${name}", which is not there`)
        readNode(name, child, budget)
      })
    }
  })
}

function readFile(name: string, file: File): void {
  const size = file.size()
  const opened = file.open()
  try {
    const parts: Uint8Array[] = []
    let at = 0
    for (;;) {
      const part = new Uint8Array(64 * 1024)
      const count = opened.read(part, at)
      if (count === 0) break
      parts.push(part.subarray(0, count))
      at += count
      if (at > mostBytes) return
    }
    if (size !== undefined && size !== at)
      throw new Wrong(`${name} has ${at} bytes, and says that it has ${size}`)
    if (/\.(json|txt)$|^(README\.md|problems|dmesg|stack|why)$/.test(name)) {
      const text = Buffer.concat(parts).toString()
      if (name.endsWith('.json')) checkJson(text)
      else checkText(text)
    }
  } finally {
    opened.close?.()
  }
}

/** A report comes whatever happens: what it was prevented by is among its problems. */
export function checkProblem({ code, subject, message }: ReportHead['problems'][number]): void {
  if (code === 'internal') throw new Wrong(`${subject}: ${message}`)
  checkSentence(`${subject}: ${message}`)
}

/** A report in every form; gives the document. */
export function readReport(report: Report): unknown {
  try {
    for (const problem of report.head.problems) checkProblem(problem)
    for (const { sentence } of report.story) checkSentence(sentence)
    const document = checkJson([...report.json()].join(''))
    for (const line of report.text()) checkText(line)
    const page = [...report.html()].join('')
    checkText(page)
    if (/<script>\\?"?>?x|<b>(bold|\\x1b\[31mred)/.test(page))
      throw new Wrong('text of the guest is markup in a page')
    return document
  } finally {
    report.close()
  }
}
