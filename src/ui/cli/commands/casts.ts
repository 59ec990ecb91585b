import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { analyzeFile } from '../../../bpf/cast/analyze.js'
import type {
  CastFinding,
  CastObject,
  CastPlace,
  CastReport,
  CastSite,
  WithheldCast,
} from '../../../bpf/cast/report.js'
import { jsonText } from '../../../contract/json.js'
import type { Heading } from '../../../present/text/layout.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import type { Output } from '../output.js'
import { printTable } from '../table.js'

const columns: readonly Heading[] = [
  { title: 'FIELD' },
  { title: 'POINTS AT' },
  { title: 'SPACE', rigid: true },
  { title: 'HOW' },
  { title: 'WHERE' },
]
const withheldColumns: readonly Heading[] = [
  { title: 'NOT CLAIMED' },
  { title: 'BECAUSE' },
  { title: 'WHERE' },
]

export const casts = defineCommand<{ json?: boolean; cache: boolean }>({
  configure(command) {
    command
      .argument(
        '<object>',
        "a scheduler's executable with BPF objects in it, a compiled .bpf.o, or a target: a dump, or @name of a guest",
      )
      .option('--no-cache', 'analyse again, whatever is known of the file')
      .option('--json', 'print one JSON document: findings with all their evidence, and what is withheld')
  },
  async run(call) {
    const { output, options } = call
    const word = required(call, 0)
    if (isTarget(word)) {
      const { castsOfTarget } = await import('../loaded-casts.js')
      const report = await castsOfTarget(word, output)
      return await print(output, report, options.json ?? false)
    }
    const report = analyzeFile(word, options.cache ? {} : { cache: null })
    return await print(output, report, options.json ?? false)
  },
})

async function print(output: Output, report: CastReport, isJson: boolean): Promise<number> {
  if (isJson) await output.line(jsonText(report))
  else {
    for (const object of report.objects) await printObject(output, object, report.objects.length > 1)
  }
  for (const problem of report.problems) output.note(escapeText(problem))
  for (const { name, problems, incomplete } of report.objects) {
    for (const problem of problems) output.note(escapeText(`${name}: ${problem}`))
    if (incomplete !== null) output.note(escapeText(`${name}: nothing can be concluded, since ${incomplete}`))
  }
  return report.objects.every(({ incomplete }) => incomplete !== null) ? 1 : 0
}

/** A guest, or a file that is an ELF core (e_type ET_CORE). */
function isTarget(word: string): boolean {
  if (word.startsWith('@')) return true
  try {
    const file = openSync(word, 'r')
    const head = Buffer.alloc(18)
    readSync(file, head, 0, head.length, 0)
    closeSync(file)
    return head.subarray(0, 4).toString('latin1') === '\x7fELF' && head.readUInt16LE(16) === 4
  } catch {
    return false
  }
}

async function printObject(output: Output, object: CastObject, isOneOfSeveral: boolean): Promise<void> {
  const { name, findings, withheld, incomplete } = object
  if (isOneOfSeveral) await output.line(output.bold(escapeText(name)))
  if (findings.length > 0) await printTable(output, columns, findings.map(findingCells))
  else if (incomplete === null) output.note(escapeText(`${name}: no integer is proven to hold a pointer`))
  if (withheld.length > 0) {
    if (findings.length > 0) await output.line('')
    await printTable(output, withheldColumns, withheld.map(withheldCells))
  }
  if (isOneOfSeveral) await output.line('')
}

function findingCells({ place, target, addressSpace, allocationSize, evidence }: CastFinding): string[] {
  const [first] = evidence
  const size = allocationSize === null ? 'not known' : `${allocationSize} bytes`
  return [
    placeText(place),
    target === null ? size : bare(target.type),
    addressSpace,
    first?.rule ?? '-',
    siteText(first?.site ?? null),
  ].map(escapeText)
}

function withheldCells({ place, reasons }: WithheldCast): string[] {
  const [first] = reasons
  return [placeText(place), first?.why ?? '-', siteText(first?.site ?? null)].map(escapeText)
}

/** `task_ctx.parent`, `.bss current`, `table.nodes[8]`. */
function placeText({ type, member, elements }: CastPlace): string {
  const name = type.startsWith('.') ? `${type} ${member}` : `${bare(type)}.${member}`
  return elements === 1 ? name : `${name}[${elements === 0 ? '' : elements}]`
}

/** Structs by their names alone: the columns are narrow. */
function bare(type: string): string {
  return type.replace(/^(struct|union) /, '')
}

function siteText(site: CastSite | null): string {
  if (site === null) return '-'
  const line = site.line === 0 ? `instruction ${site.instruction}` : `${basename(site.file)}:${site.line}`
  return site.function === '' ? line : `${site.function} ${line}`
}
