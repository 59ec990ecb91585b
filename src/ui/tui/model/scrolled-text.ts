import { textWidth } from '../../../present/text/fit.js'

/** The text from further right on, behind a … that says so; one that has room is shown whole. */
export function scrolledText(text: string, shift: number, width: number): string {
  const whole = textWidth(text)
  if (shift === 0 || whole <= width) return text
  // The … stands for what is left out, and its own cell.
  const from = Math.min(shift + 1, whole - width + 1)
  return `…${[...text].slice(from).join('')}`
}
