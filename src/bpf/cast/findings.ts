import { memberPathAt } from '../../btf/layout.js'
import { typeName } from '../../btf/type-name.js'
import type { Analysis, Weighed } from './analyze-code.js'
import type { Code } from './code/code.js'
import type { Slot } from './flow/places.js'
import { Space } from './flow/values.js'
import type { AddressSpace, CastEvidence, CastFinding, CastPlace, WithheldCast } from './report.js'
import { sizedStructs } from './weigh/sized-structs.js'
import type { SlotFacts } from './weigh/slot-facts.js'

const mostEvidence = 4
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
  for (const { facts, conclusion } of weighed) {
    const place = describePlace(code, facts.slot)
    if (conclusion.kind === 'doubt') {
      const reasons = conclusion.reasons.map(({ at, why }) => ({ why, site: sites.of(at) }))
      withheld.push({ place, reasons })
    } else if (conclusion.kind === 'pointer') {
      const [target] = conclusion.types
      const evidence = evidenceOf(facts)
      const allocationSize = target === undefined ? (conclusion.size ?? null) : null
      findings.push({
        place,
        target:
          target === undefined
            ? null
            : {
                typeId: target,
                type: typeName(code.btf.type(target)),
                isKernel: kernelTypes.has(target),
              },
        addressSpace: spaceNames[conclusion.space] ?? 'unknown',
        allocationSize,
        candidates: allocationSize === null ? [] : sizedStructs(code.btf, allocationSize, kernelTypes),
        evidence: evidence
          .slice(0, mostEvidence)
          .map(({ rule, at }): CastEvidence => ({ rule, site: sites.of(at) })),
        evidenceCount: evidence.length,
      })
    }
  }
  const order = (a: { place: CastPlace }, b: { place: CastPlace }): number =>
    a.place.typeId - b.place.typeId || a.place.offset - b.place.offset
  return { findings: findings.toSorted(order), withheld: withheld.toSorted(order) }
}

/** One entry for each instruction and rule, stores before uses. */
function evidenceOf({ positives, uses }: SlotFacts): Pick<Weighed['facts']['uses'][number], 'at' | 'rule'>[] {
  const seen = new Set<string>()
  return [...positives, ...uses.filter(({ types }) => types !== undefined), ...uses].filter(
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
