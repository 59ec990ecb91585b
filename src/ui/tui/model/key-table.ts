import type { Action } from './action.js'
import type { Cockpit } from './cockpit.js'
import { askCode } from './code.js'
import { chooseColumns } from './columns.js'
import { controlActions } from './control-keys.js'
import { showHelp } from './help.js'
import {
  copy,
  differences,
  enterHint,
  exportView,
  filter,
  follow,
  goto,
  left,
  mark,
  marks,
  reverse,
  right,
  sort,
} from './looking.js'
import { chooseTheme, showJson, showLog, showWay } from './showing.js'

const move = (distance: (cockpit: Cockpit) => number) => (cockpit: Cockpit) =>
  cockpit.page.active.moveBy(distance(cockpit), cockpit.height)

const unlessPages = (cockpit: Cockpit): string | undefined =>
  (cockpit.tabs[cockpit.tab]?.pages.length ?? 0) > 1 ? undefined : 'this is the first page of the tab'

/** Every key of the terminal UI. */
export const keyTable: readonly Action[] = [
  { name: 'up', group: 'Move', keys: ['up', 'k'], text: 'up', run: move(() => -1) },
  { name: 'down', group: 'Move', keys: ['down', 'j'], text: 'down', run: move(() => 1) },
  {
    name: 'left',
    group: 'Move',
    keys: ['left', 'h'],
    text: 'close a branch, go to what it hangs below; scroll left',
    run: left,
  },
  { name: 'right', group: 'Move', keys: ['right', 'l'], text: 'open a branch; scroll right', run: right },
  {
    name: 'page-up',
    group: 'Move',
    keys: ['pageup', 'ctrl-b'],
    text: 'a page up',
    run: move(({ height }) => -height),
  },
  {
    name: 'page-down',
    group: 'Move',
    keys: ['pagedown', 'ctrl-f', 'space'],
    text: 'a page down',
    run: move(({ height }) => height),
  },
  {
    name: 'first',
    group: 'Move',
    keys: ['home', '<'],
    text: 'to the first row',
    run: (cockpit) => cockpit.page.active.moveTo(0, cockpit.height),
  },
  {
    name: 'last',
    group: 'Move',
    keys: ['end', '>', 'G'],
    text: 'to the last row',
    run: (cockpit) => cockpit.page.active.toEnd(cockpit.height),
  },
  {
    name: 'follow',
    group: 'Move',
    keys: ['enter'],
    hint: enterHint,
    text: 'open what is under the cursor, follow the pointer there',
    run: follow,
  },
  {
    name: 'back',
    group: 'Move',
    keys: ['backspace'],
    hint: 'back',
    text: 'back to the page before',
    unavailable: unlessPages,
    run: (cockpit) => cockpit.back(),
  },
  {
    name: 'other-pane',
    group: 'Move',
    keys: ['tab', 'shift-tab'],
    hint: 'pane',
    text: 'between the list and its detail',
    unavailable: ({ page }) => (page.detail === undefined ? 'this page has one pane' : undefined),
    run: ({ page }) => {
      page.focus = page.focus === 'list' ? 'detail' : 'list'
    },
  },
  {
    name: 'zoom',
    group: 'Move',
    keys: ['z'],
    text: 'the detail over the whole body, and back',
    unavailable: ({ page }) => (page.detail === undefined ? 'this page has one pane' : undefined),
    run: ({ page }) => {
      page.zoomed = !page.zoomed
      page.focus = page.zoomed ? 'detail' : 'list'
    },
  },
  {
    name: 'filter',
    group: 'Look',
    keys: ['/'],
    hint: 'filter',
    text: 'filter as you type; Esc takes the filter away',
    run: filter,
  },
  { name: 'sort', group: 'Look', keys: ['s'], hint: 'sort', text: 'sort by a column', run: sort },
  { name: 'reverse', group: 'Look', keys: ['S'], text: 'turn the order round', run: reverse },
  {
    name: 'goto',
    group: 'Look',
    keys: ['g'],
    hint: 'go to',
    text: 'go to an address, symbol, map, program, allocator, container, type or pid',
    run: goto,
  },
  {
    name: 'mark',
    group: 'Look',
    keys: ['m'],
    text: 'mark what is under the cursor, or take the mark away',
    run: mark,
  },
  { name: 'marks', group: 'Look', keys: ["'"], text: 'the marks', run: marks },
  { name: 'copy', group: 'Look', keys: ['y'], text: 'copy the row to the clipboard (OSC 52)', run: copy },
  {
    name: 'export',
    group: 'Look',
    keys: ['e'],
    text: 'write the list to a file: JSON, CSV or text',
    run: exportView,
  },
  {
    name: 'differences',
    group: 'Look',
    keys: ['d'],
    hint: 'changes',
    text: 'what differs from the stop before',
    run: differences,
  },
  {
    name: 'json',
    group: 'Look',
    keys: ['J'],
    text: 'the row as JSON',
    run: showJson,
  },
  {
    name: 'columns',
    group: 'Look',
    keys: ['|'],
    text: 'choose the columns of the list; it is kept',
    run: (cockpit) => chooseColumns(cockpit),
  },
  {
    name: 'way',
    group: 'Move',
    keys: ['H'],
    text: 'the pages by which you came here',
    unavailable: unlessPages,
    run: showWay,
  },
  {
    name: 'log',
    group: 'Look',
    keys: ['L'],
    text: 'the kernel log, also while the guest runs',
    run: showLog,
  },
  {
    name: 'code',
    group: 'Look',
    keys: [':'],
    hint: 'code',
    text: 'run a line of code: vm is the session, _ what is under the cursor',
    run: askCode,
  },
  ...controlActions,
  ...[
    'overview',
    'vcpus',
    'maps',
    'programs',
    'arenas',
    'allocators',
    'scheduler',
    'tasks',
    'symbols',
    'console',
    'report',
  ].map(
    (name, index): Action => ({
      name,
      group: 'Tabs',
      keys: ['1234567890-'.charAt(index)],
      text: `the tab ${name}`,
      run: (cockpit) => cockpit.selectTab(cockpit.tabs.findIndex((tab) => tab.name === name)),
    }),
  ),
  {
    name: 'next-tab',
    group: 'Tabs',
    keys: [']'],
    text: 'the next tab',
    run: (cockpit) => cockpit.selectTab((cockpit.tab + 1) % cockpit.tabs.length),
  },
  {
    name: 'previous-tab',
    group: 'Tabs',
    keys: ['['],
    text: 'the tab before',
    run: (cockpit) => cockpit.selectTab((cockpit.tab + cockpit.tabs.length - 1) % cockpit.tabs.length),
  },
  { name: 'help', group: 'General', keys: ['?'], hint: 'help', text: 'these keys', run: showHelp },
  { name: 'theme', group: 'General', keys: ['T'], text: 'choose the theme', run: chooseTheme },
  {
    name: 'refresh',
    group: 'General',
    keys: ['ctrl-l'],
    text: 'read the page again',
    run: (cockpit) => cockpit.refresh(true),
  },
  {
    name: 'cancel',
    group: 'General',
    keys: ['escape'],
    text: 'end what is going on; take the filter away; leave the tour',
    run: cancel,
  },
  {
    name: 'suspend',
    group: 'General',
    keys: ['ctrl-z'],
    text: 'back to the shell for a while; fg there comes back',
    run: ({ settings }) => settings.suspend?.(),
  },
  {
    name: 'quit',
    group: 'General',
    keys: ['q'],
    hint: 'quit',
    text: 'leave',
    run: (cockpit) => cockpit.quit(),
  },
]

function cancel(cockpit: Cockpit): void {
  const list = cockpit.page.active
  if (cockpit.operation !== undefined) cockpit.operation.abort.abort()
  else if (list.pass !== undefined) cockpit.say(list.cancel() ?? '', 'warning')
  else if (list.filter !== '') list.setFilter('', cockpit.height)
  else if (cockpit.page.zoomed) {
    cockpit.page.zoomed = false
    cockpit.page.focus = 'list'
  } else if (cockpit.tour !== undefined) cockpit.tour = undefined
}
