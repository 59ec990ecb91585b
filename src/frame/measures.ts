/** How the rows of a group become one value. */
export interface Measure {
  readonly name:
    | 'count'
    | 'sum'
    | 'min'
    | 'max'
    | 'mean'
    | 'median'
    | 'quantile'
    | 'stdev'
    | 'variance'
    | 'distinct'
    | 'any'
  readonly column?: string
  readonly share?: number
}

/** Measures of groups: `frame.groupBy('cpu').rollup({ n: op.count(), worst: op.max('waitingMs') })`. */
export const op = {
  /** Rows. */
  count: (): Measure => ({ name: 'count' }),
  /** Exact for 64-bit integers. */
  sum: (column: string): Measure => ({ name: 'sum', column }),
  min: (column: string): Measure => ({ name: 'min', column }),
  max: (column: string): Measure => ({ name: 'max', column }),
  mean: (column: string): Measure => ({ name: 'mean', column }),
  median: (column: string): Measure => ({ name: 'median', column }),
  /** `op.quantile('waitingMs', 0.99)` */
  quantile: (column: string, share: number): Measure => ({ name: 'quantile', column, share }),
  stdev: (column: string): Measure => ({ name: 'stdev', column }),
  variance: (column: string): Measure => ({ name: 'variance', column }),
  /** How many different values. */
  distinct: (column: string): Measure => ({ name: 'distinct', column }),
  /** The value of some row: of what is the same in all. */
  any: (column: string): Measure => ({ name: 'any', column }),
} as const

/** Measures that are reckoned in doubles: of 64-bit integers a double stands in for each. */
export const inDoubles: ReadonlySet<Measure['name']> = new Set([
  'mean',
  'median',
  'quantile',
  'stdev',
  'variance',
])
