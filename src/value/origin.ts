/** How a value was reached, for sentences such as "null pointer in task.mm". */
export interface Origin {
  readonly parent: Origin | undefined
  readonly label: string
  readonly depth: number
}

/** Walking a list makes long paths, and each step would keep all earlier ones in memory. */
const longestPath = 32

export function rootOrigin(name: string): Origin {
  return { parent: undefined, label: name, depth: 0 }
}

export function memberOrigin(parent: Origin, name: string): Origin {
  return step(parent, `.${name}`)
}

export function elementOrigin(parent: Origin, index: number): Origin {
  return step(parent, `[${index}]`)
}

function step(parent: Origin, label: string): Origin {
  if (parent.depth >= longestPath) return { parent: undefined, label: `…${label}`, depth: 0 }
  return { parent, label, depth: parent.depth + 1 }
}

export function describeOrigin(origin: Origin): string {
  let text = ''
  for (let at: Origin | undefined = origin; at !== undefined; at = at.parent) text = at.label + text
  return text
}
