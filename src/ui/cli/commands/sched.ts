import { jsonText } from '../../../contract/json.js'
import type { Column } from '../../../present/columns/column.js'
import {
  eventColumns,
  eventRows,
  queueColumns,
  runqueueColumns,
  waitingColumns,
  waitingRows,
} from '../../../present/columns/sched.js'
import { pairLines } from '../../../present/text/lines.js'
import { capsText, cidsText, effectiveText, rescuePairs } from '../../../present/text/sched.js'
import { exitText } from '../../../sched/exit.js'
import type { SchedulerObject } from '../../../sched/objects.js'
import type { SchedState } from '../../../sched/sched.js'
import { extStateText } from '../../../sched/sched-ext.js'
import { escapeText } from '../../../text.js'
import { durationText } from '../../../units.js'
import { defineCommand, required } from '../definition.js'
import type { Output } from '../output.js'
import { printRows } from '../table.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'
import { problemLines } from './why.js'

export const sched = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<target>', targetHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(required(call, 0), output, async (session) => {
      if (options.json) await output.line(jsonText(session.sched))
      else await printState(output, session.sched.snapshot())
    })
    return 0
  },
})

async function printState(output: Output, state: SchedState): Promise<void> {
  await output.line(pairLines(statePairs(state), output.columns).join('\n'))
  await section(output, 'Runqueues', runqueueColumns, state.runqueues)
  await section(output, 'Dispatch queues', queueColumns, state.queues)
  await section(output, 'Waiting', waitingColumns, waitingRows(state))
  await section(output, 'Events', eventColumns, eventRows(state))
  if (state.absent.length > 0) {
    const lines = state.absent.map(({ group, reason }) => [group, escapeText(reason)] as const)
    await output.line(
      `\n${output.bold('Not in this kernel')}\n${pairLines(lines, output.columns).join('\n')}`,
    )
  }
  noteProblems(output, problemLines(state.problems))
}

/** What a scheduler is made of, and how that is known. */
function objectPairs(object: SchedulerObject, isOnly: boolean): [string, string][] {
  const { isActive, name, mapName, mapId, programIds, mapIds, evidence } = object
  const programs = `${programIds.length} programs (${programIds.join(', ')})`
  const maps = `${mapIds.length} maps (${mapIds.join(', ')})`
  return [
    [
      isActive === undefined ? 'loaded' : isActive ? 'made of' : 'also loaded',
      `${isActive && isOnly ? '' : `${name}: `}struct_ops map ${mapName} (${mapId}), ${programs}, ${maps}`,
    ],
    ['known by', evidence.join('; ')],
  ]
}

async function section<Row>(
  output: Output,
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return
  await output.line(`\n${output.bold(title)}`)
  await printRows(output, columns, rows)
}

function statePairs(state: SchedState): [string, string][] {
  const pairs: [string, string][] = [
    [
      'sched_ext',
      `${extStateText(state.state, state.absent)}${state.switchedAll ? ', for every ordinary task' : ''}`,
    ],
  ]
  for (const scheduler of state.schedulers) {
    const { name, exit, bypassDepth, aborting, cgroupPath, isRoot, form, caps, ecaps, watchdogMs } = scheduler
    const notes = [
      ...(isRoot === false ? [`for cgroup ${cgroupPath ?? '(unknown)'}`] : []),
      ...(form === 'cid' ? ['by cid'] : []),
      ...(isRoot === false && watchdogMs !== undefined
        ? [`ejected after a wait of ${durationText(watchdogMs)}`]
        : []),
      ...(bypassDepth !== undefined && bypassDepth > 0 ? [`bypassed (depth ${bypassDepth})`] : []),
      ...(aborting ? ['aborting'] : []),
      ...(exit !== undefined && exit.kindValue !== 0 ? [`exit ${exit.kind}: ${exitText(exit)}`] : []),
    ]
    pairs.push(['scheduler', [name, ...notes].join(', ')])
    if (caps !== undefined) pairs.push(['granted', capsText(caps)])
    if (ecaps !== undefined) pairs.push(['in force', effectiveText(ecaps)])
  }
  if (state.cids !== undefined) pairs.push(['cids', cidsText(state.cids)])
  for (const { cpu, schedExt } of state.runqueues)
    if (schedExt?.rescue !== undefined) pairs.push(...rescuePairs(cpu, schedExt.rescue))
  for (const object of state.objects) pairs.push(...objectPairs(object, state.schedulers.length === 1))
  const { timeoutMs, ageMs } = state.watchdog
  // Without a scheduler the times are those of the last one, or 0.
  if (timeoutMs !== undefined && state.schedulers.length > 0) {
    const looked = ageMs === undefined ? '' : `, looked ${durationText(ageMs)} ago`
    pairs.push([
      'watchdog',
      `ejects a scheduler that leaves a task waiting for ${durationText(timeoutMs)}${looked}`,
    ])
  }
  for (const { name, exit } of state.departed)
    pairs.push(['left', `${name}: ${exitText(exit)} (${exit.kind}; its owner holds on to it)`])
  for (const { scheduler, reason, message } of state.exitLog)
    pairs.push([
      'left',
      `${scheduler}: ${[reason, message].filter((text) => text !== '').join(': ')} (kernel log)`,
    ])
  return pairs.map(([label, text]) => [label, escapeText(text)])
}
