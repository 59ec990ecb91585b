import { memberPathAt } from '../../btf/layout.js'
import { typeName } from '../../btf/type-name.js'
import type { Analysis, Weighed } from './analyze-code.js'
import type { Code } from './code/code.js'
import type { Slot } from './flow/places.js'
import { Space } from './flow/values.js'
import type {
  AddressSpace,
  CastEvidence,
  CastFinding,
  CastPlace,
  CastTarget,
  MemoryCheck,
  WithheldCast,
} from './report.js'
import type { Conclusion } from './weigh/conclusions.js'
import { sizedStructs } from './weigh/sized-structs.js'
import type { SlotFacts } from './weigh/slot-facts.js'

type Pointer = Conclusion & { readonly kind: 'pointer' }

const mostEvidence = 4
const taskStruct = 'task_struct'
const spaceNames: Readonly<Record<number, AddressSpace>> = {
  [Space.arena]: 'arena',
  [Space.kernel]: 'kernel',
}

/** The results of an analysis as a report has them, ordered by type and offset. */
export function describeFindings(
  code: Code,
  { weighed, sites, kernelTypes }: Analysis,
): { findings: CastFinding[]; withheld: WithheldCast[] } {
  const findings: CastFinding[] = []
  const withheld: WithheldCast[] = []
  for (const { facts, conclusion, supported } of weighed) {
    const place = describePlace(code, facts.slot)
    const doubts = conclusion.kind === 'doubt' ? conclusion.reasons : []
    const reasons = doubts.map(({ at, why }) => ({ why, site: sites.of(at) }))
    const pointer = conclusion.kind === 'pointer' ? conclusion : supported
    if (pointer !== undefined) {
      const target = describeTarget(code, kernelTypes, pointer)
      const evidence = evidenceOf(facts)
      const allocationSize = target === null ? (pointer.size ?? null) : null
      const addressSpace = spaceNames[pointer.space] ?? 'unknown'
      const isProven = pointer === conclusion
      findings.push({
        recovered: isProven ? 'proven' : 'supported',
        check: isProven ? null : checkOf(code, target, addressSpace),
        doubts: reasons,
        place,
        target,
        addressSpace,
        allocationSize,
        candidates: allocationSize === null ? [] : sizedStructs(code.btf, allocationSize, kernelTypes),
        evidence: evidence
          .slice(0, mostEvidence)
          .map(({ rule, at }): CastEvidence => ({ rule, site: sites.of(at) })),
        evidenceCount: evidence.length,
      })
    } else if (conclusion.kind === 'doubt') withheld.push({ place, reasons })
  }
  const order = (a: { place: CastPlace }, b: { place: CastPlace }): number =>
    a.place.typeId - b.place.typeId || a.place.offset - b.place.offset
  return { findings: findings.toSorted(order), withheld: withheld.toSorted(order) }
}

function describeTarget(code: Code, kernelTypes: ReadonlySet<number>, { types }: Pointer): CastTarget | null {
  const [target] = types
  if (target === undefined) return null
  return { typeId: target, type: typeName(code.btf.type(target)), isKernel: kernelTypes.has(target) }
}

function checkOf(code: Code, target: CastTarget | null, space: AddressSpace): MemoryCheck {
  const isTask = target !== null && code.btf.type(target.typeId).name === taskStruct
  if (space === 'arena') return 'arena'
  if (space === 'kernel') return isTask ? 'task' : 'none'
  return isTask ? 'task or arena' : 'arena'
}

/** One entry for each instruction and rule, stores before uses. */
function evidenceOf({
  positives,
  likely,
  uses,
}: SlotFacts): Pick<Weighed['facts']['uses'][number], 'at' | 'rule'>[] {
  const seen = new Set<string>()
  return [...positives, ...likely, ...uses.filter(({ types }) => types !== undefined), ...uses].filter(
    ({ at, rule }) => {
      const key = `${at}:${rule}`
      return !seen.has(key) && seen.add(key)
    },
  )
}

function describePlace(code: Code, { container, offset, array }: Slot): CastPlace {
  const section = code.data.find(({ typeId }) => typeId === container)
  const elements = array?.isWhole ? array.count : 1
  if (section === undefined) {
    const type = code.btf.type(container)
    const path = memberPathAt(type, offset)?.path ?? ''
    return { typeId: container, type: typeName(type), offset, member: wholePath(path, elements), elements }
  }
  const variable = section.variables.find((one) => offset >= one.offset && offset < one.offset + one.size)
  const inner = variable && memberPathAt(code.btf.type(variable.typeId), offset - variable.offset)?.path
  const member = `${variable?.name ?? ''}${inner ?? ''}`
  return { typeId: container, type: section.name, offset, member: wholePath(member, elements), elements }
}

/** An array as a whole is named without the index of its first element. */
function wholePath(path: string, elements: number): string {
  return elements === 1 ? path : path.replace(/(\[0\])+$/, '')
}
