/** One line of text being typed. */
export class LineEditor {
  text: string
  /** Where the next character goes. */
  at: number

  constructor(text = '') {
    this.text = text
    this.at = text.length
  }

  insert(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: pasted text may hold them
    const plain = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    this.text = this.text.slice(0, this.at) + plain + this.text.slice(this.at)
    this.at += plain.length
  }

  set(text: string): void {
    this.text = text
    this.at = text.length
  }

  /** Does what the key means in a line; false when it means nothing there. */
  key(key: string): boolean {
    const { text, at } = this
    switch (key) {
      case 'left':
      case 'ctrl-b':
        this.at = Math.max(0, at - 1)
        return true
      case 'right':
      case 'ctrl-f':
        this.at = Math.min(text.length, at + 1)
        return true
      case 'home':
      case 'ctrl-a':
        this.at = 0
        return true
      case 'end':
      case 'ctrl-e':
        this.at = text.length
        return true
      case 'backspace':
        this.#remove(at - 1, at)
        return true
      case 'delete':
      case 'ctrl-d':
        this.#remove(at, at + 1)
        return true
      case 'ctrl-u':
        this.#remove(0, at)
        return true
      case 'ctrl-k':
        this.#remove(at, text.length)
        return true
      case 'ctrl-w':
        this.#remove(text.slice(0, at).replace(/\S*\s*$/, '').length, at)
        return true
      default:
        return false
    }
  }

  #remove(from: number, to: number): void {
    if (from < 0) return
    this.text = this.text.slice(0, from) + this.text.slice(to)
    this.at = from
  }
}
