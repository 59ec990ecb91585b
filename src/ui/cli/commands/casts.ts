import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { analyzeFile } from '../../../bpf/cast/analyze.js'
import type {
  CastFinding,
  CastObject,
  CastPlace,
  CastReport,
  CastSite,
  MemoryCheck,
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
const checkTexts: Readonly<Record<MemoryCheck, string>> = {
  task: 'a task on the task list',
  arena: 'in use in the arena',
  'task or arena': 'a task on the task list, or in use in the arena',
  none: 'something that can be checked, and no check is known for this',
}
const withheldColumns: readonly Heading[] = [
  { title: 'NOT CLAIMED' },
  { title: 'BECAUSE' },
  { title: 'WHERE' },
]

export const casts = defineCommand<{ json?: boolean; cache: boolean; onlyProven?: boolean }>({
  configure(command) {
    command
      .argument(
        '<object>',
        "a scheduler's executable with BPF objects in it, a compiled .bpf.o, or a target: a dump, or @name of a guest",
      )
      .option('--only-proven', 'leave out what is supported and not proven (docs/casts.md)')
      .option('--no-cache', 'analyse again, whatever is known of the file')
      .option('--json', 'print one JSON document: findings with all their evidence, and what is withheld')
  },
  async run(call) {
    const { output, options } = call
    const word = required(call, 0)
    if (isTarget(word)) {
      const { castsOfTarget } = await import('../loaded-casts.js')
      return await print(output, await castsOfTarget(word, output), options)
    }
    return await print(output, analyzeFile(word, options.cache ? {} : { cache: null }), options)
  },
})

async function print(
  output: Output,
  whole: CastReport,
  { json = false, onlyProven = false }: { readonly json?: boolean; readonly onlyProven?: boolean },
): Promise<number> {
  const report = onlyProven ? { ...whole, objects: whole.objects.map(provenAlone) } : whole
  if (json) await output.line(jsonText(report))
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

/** What is supported becomes what is withheld, with the reasons why it is not proven. */
function provenAlone(object: CastObject): CastObject {
  const findings = object.findings.filter(({ recovered }) => recovered === 'proven')
  const supported = object.findings.filter(({ recovered }) => recovered === 'supported')
  const withheld = supported.map(({ place, doubts }): WithheldCast => ({ place, reasons: doubts }))
  return { ...object, findings, withheld: [...object.withheld, ...withheld] }
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
  const proven = findings.filter(({ recovered }) => recovered === 'proven')
  const supported = findings.filter(({ recovered }) => recovered === 'supported')
  if (proven.length === 0 && incomplete === null) {
    output.note(escapeText(`${name}: no integer is proven to hold a pointer`))
  }
  const parts = [
    ...(proven.length > 0 ? [() => printTable(output, columns, proven.map(findingCells))] : []),
    ...(supported.length > 0 ? [() => printSupported(output, supported)] : []),
    ...(withheld.length > 0 ? [() => printTable(output, withheldColumns, withheld.map(withheldCells))] : []),
  ]
  for (const [n, printPart] of parts.entries()) {
    if (n > 0) await output.line('')
    await printPart()
  }
  if (isOneOfSeveral) await output.line('')
}

function findingCells(finding: CastFinding): string[] {
  const { place, addressSpace, evidence } = finding
  const [first] = evidence
  return [
    placeText(place),
    targetText(finding),
    addressSpace,
    first?.rule ?? '-',
    siteText(first?.site ?? null),
  ].map(escapeText)
}

/** A paragraph each: what supports it, why it is not proven, and what a value must be to be shown so. */
async function printSupported(output: Output, findings: readonly CastFinding[]): Promise<void> {
  await output.line(output.bold('SUPPORTED, NOT PROVEN'))
  for (const finding of findings) {
    const { place, addressSpace, evidence, doubts, check } = finding
    const sites = [...new Set(evidence.map(({ rule, site }) => `${rule}: ${siteText(site)}`))]
    const reasons = [...new Set(doubts.map(({ why, site }) => `${why} (${siteText(site)})`))]
    const lines = [
      `${placeText(place)} -> ${targetText(finding)}, ${addressSpace}`,
      ...sites.map((site) => `    ${site}`),
      ...reasons.map((reason) => `    not proven, since ${reason}`),
      ...(check === null ? [] : [`    shown as a pointer where the value is ${checkTexts[check]}`]),
    ]
    for (const line of lines) await output.line(escapeText(line))
  }
}

function targetText({ target, allocationSize }: CastFinding): string {
  if (target !== null) return bare(target.type)
  return allocationSize === null ? 'not known' : `${allocationSize} bytes`
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
