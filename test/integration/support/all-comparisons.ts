import { basicComparisons } from './compare.js'
import { environmentComparisons } from './compare-environment.js'
import { programComparisons } from './compare-programs.js'
import { schedComparisons } from './compare-sched.js'
import { stackComparisons } from './compare-stacks.js'
import { statisticsComparisons } from './compare-statistics.js'
import { taskComparisons } from './compare-tasks.js'
import type { Comparison } from './demo-guest.js'
import { mapComparisons } from './map-comparisons.js'

/** Everything that the frozen demo is held to. */
export const allComparisons: readonly Comparison[] = [
  ...basicComparisons,
  ...environmentComparisons,
  ...mapComparisons,
  ...programComparisons,
  ...schedComparisons,
  ...stackComparisons,
  ...statisticsComparisons,
  ...taskComparisons,
]
