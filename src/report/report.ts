import { inspect } from 'node:util'
import type { ContainerEntryJson } from '../contract/containers.js'
import type { Session } from '../session/session.js'
import { escapeText } from '../text.js'
import { Diff } from './diff/diff.js'
import type { ReportContents, ReportElement, ReportEntry, ReportHead } from './document.js'
import { readReportFile } from './file.js'
import { type ReportHtmlOptions, reportHtml } from './html/report-html.js'
import { sectionCount } from './section-count.js'
import { takeContents } from './take.js'
import { type ReportTextOptions, reportText } from './text/report-text.js'
import { reportJson } from './write-json.js'

/**
 * Everything about a target at one moment, in one document (docs/report.md). It is complete in itself: the guest may run on.
 * Parts that could not be read say so, in `head.sections` and `head.problems`.
 */
export class Report implements ReportContents, Disposable {
  readonly head: ReportHead
  readonly #contents: ReportContents & { close?(): void }

  constructor(contents: ReportContents & { close?(): void }) {
    this.head = contents.head
    this.#contents = contents
  }

  /** Takes a report of a frozen guest or a dump. */
  static take(vm: Session): Report {
    return new Report(takeContents(vm))
  }

  /** Reads a report that was written as JSON. */
  static read(path: string): Report {
    return new Report(readReportFile(path))
  }

  /** What is going on, in sentences. */
  get story(): ReportHead['story'] {
    return this.head.story
  }

  /** Entries of a map, by its place in `head.maps`. */
  *entries(map: number): Generator<ReportEntry> {
    for (const line of this.entryLines(map)) yield JSON.parse(line) as ReportEntry
  }

  /** Elements of an allocator, by its place in `head.allocators`. */
  *elements(allocator: number): Generator<ReportElement> {
    for (const line of this.elementLines(allocator)) yield JSON.parse(line) as ReportElement
  }

  /** What a container holds, by its place in `head.containers`. */
  *containerEntries(container: number): Generator<ContainerEntryJson> {
    for (const line of this.containerLines(container)) yield JSON.parse(line) as ContainerEntryJson
  }

  entryLines(map: number): Iterable<string> {
    return this.#contents.entryLines(map)
  }

  elementLines(allocator: number): Iterable<string> {
    return this.#contents.elementLines(allocator)
  }

  containerLines(container: number): Iterable<string> {
    return this.#contents.containerLines(container)
  }

  /** The document as text, piece by piece. */
  json(): Generator<string> {
    return reportJson(this)
  }

  /** The whole document in memory. */
  toJSON(): Record<string, unknown> {
    return {
      ...this.head,
      maps: this.head.maps.map((map, i) => ({
        ...map,
        entries: map.count === null ? null : [...this.entries(i)],
      })),
      allocators: this.head.allocators.map((allocator, i) => ({
        ...allocator,
        elements: allocator.count === null ? null : [...this.elements(i)],
      })),
      containers: this.head.containers.map((container, i) => ({
        ...container,
        entries: container.count === null ? null : [...this.containerEntries(i)],
      })),
    }
  }

  /** For people, line by line: `for (const line of vm.report().text()) console.log(line)`. */
  text(options: ReportTextOptions = {}): Generator<string> {
    return reportText(this, options)
  }

  /** A page for a browser, piece by piece; it needs nothing beside it. */
  html(options: ReportHtmlOptions = {}): Generator<string> {
    return reportHtml(this, options)
  }

  toString(): string {
    return [...this.text()].join('\n')
  }

  /** What differs from an earlier report: `vm.report().diff(before)`. */
  diff(before: ReportContents): Diff {
    return new Diff(before, this)
  }

  /** Gives back what the entries take. */
  close(): void {
    this.#contents.close?.()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [inspect.custom](): string {
    const { target, maps, tasks, problems, milliseconds } = this.head
    const sizes = `${sectionCount(this.head, 'tasks', tasks.length)} tasks, ${sectionCount(this.head, 'maps', maps.length)} maps, ${problems.length} problems, taken in ${Math.round(milliseconds)} ms`
    const story = this.story.map(({ sentence }) => `- ${escapeText(sentence)}`)
    return [`Report of ${escapeText(target.name)}: ${sizes}`, ...story].join('\n')
  }
}
