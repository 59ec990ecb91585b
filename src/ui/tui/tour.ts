import type { Cockpit } from './model/cockpit.js'

interface Step {
  readonly text: string
  /** Whether the person has done it. */
  readonly done: (cockpit: Cockpit, before: Snapshot) => boolean
}

interface Snapshot {
  readonly epoch: number | undefined
  readonly depth: number
  /** Where a guest with a record was furthest while the step was shown. */
  instructions: number | undefined
}

const steps: readonly Step[] = [
  {
    text: 'Tour 1/6 (Esc leaves it)  The guest stands still; everything you see is read from its memory, live and typed. These sentences tell what is going on. Press 3 for its BPF maps.',
    done: ({ tabs, tab }) => tabs[tab]?.name === 'maps',
  },
  {
    text: 'Tour 2/6 (Esc leaves it)  Every BPF map of the kernel. Type /pid_stats and Enter to find one, then Enter again to open it; Backspace always leads back.',
    done: ({ tabs, tab }) => (tabs[tab]?.pages.length ?? 0) > 1,
  },
  {
    text: "Tour 3/6 (Esc leaves it)  Its entries, typed by the program's own BTF. Tab goes to the fields of the one under the cursor; on a pointer (blue) Enter follows it: try data or tptr.",
    done: ({ tabs, tab }) => (tabs[tab]?.pages.length ?? 0) > 2,
  },
  {
    text: 'Tour 4/6 (Esc leaves it)  You are in the object that the pointer leads to; the line above says how you came here. Press a to let the guest run for one millisecond.',
    done: ({ vm }, { epoch }) => vm.target.control?.epoch !== epoch && vm.state === 'frozen',
  },
  {
    text: 'Tour 5/6 (Esc leaves it)  What changed since the stop before is marked with ~ everywhere; d lists it all. Press f to let the guest run, and f again to freeze it.',
    done: ({ vm }) => vm.state === 'running',
  },
  {
    text: 'Tour 6/6 (Esc leaves it)  While it runs, panes refresh. ? shows all keys, : runs a line of code with vm and _, w on a field runs until it is written. That was the tour: Esc closes it, q leaves.',
    done: () => false,
  },
]

/** Of a deterministic guest: before the last step, with the numbers moved. */
const backStep: Step = {
  text: 'Tour 6/7 (Esc leaves it)  This guest runs the same way each time, so one can go back. Freeze it (f) and press b for the millisecond before; W on a field of an entry lists who wrote it.',
  done: ({ vm }, { instructions }) => (vm.target.record?.time.instructions ?? 0) < (instructions ?? 0),
}

function stepsFor({ vm }: Cockpit): readonly Step[] {
  if (vm.target.record === undefined) return steps
  const renumbered = steps.map(({ text, done }, index) => ({
    text: text.replace(
      /^Tour \d+\/\d+/,
      `Tour ${index + (index === steps.length - 1 ? 2 : 1)}/${steps.length + 1}`,
    ),
    done,
  }))
  return [...renumbered.slice(0, -1), backStep, ...renumbered.slice(-1)]
}

/** The short tour of `cryoscope demo`; it goes on by itself when the person has done what it says. */
export function startTour(cockpit: Cockpit): void {
  const ours = stepsFor(cockpit)
  const show = (number: number): Snapshot => {
    cockpit.tour = { step: number, text: (ours[number] as Step).text }
    return {
      epoch: cockpit.vm.target.control?.epoch,
      depth: cockpit.tabs[cockpit.tab]?.pages.length ?? 0,
      instructions: undefined,
    }
  }
  let before = show(0)
  const unsubscribe = cockpit.subscribe(() => {
    const { tour } = cockpit
    if (tour === undefined) unsubscribe()
    else if (ours[tour.step]?.done(cockpit, before) && tour.step + 1 < ours.length) {
      before = show(tour.step + 1)
      // The body has another height when the next step has other lines.
      setImmediate(() => cockpit.changed())
    } else if (cockpit.vm.state === 'frozen') {
      const now = cockpit.vm.target.record?.time.instructions ?? 0
      before.instructions = Math.max(before.instructions ?? 0, now)
    }
  })
}
