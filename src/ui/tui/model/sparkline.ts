const bars = '▁▂▃▄▅▆▇█'

/** Figures as bars, the highest of them as high as a line; one that is not known is a blank. */
export function sparkline(figures: readonly (number | undefined)[]): string {
  const most = Math.max(0, ...figures.map((figure) => figure ?? 0))
  return figures
    .map((figure) => {
      if (figure === undefined) return ' '
      const height = most === 0 ? 0 : Math.round((figure / most) * (bars.length - 1))
      return bars[Math.max(0, Math.min(bars.length - 1, height))]
    })
    .join('')
}
