import { describe, expect, it } from 'vitest'
import { foreignSyntax } from '../../../src/ui/jupyter/foreign-syntax.js'

describe('foreignSyntax', () => {
  it.each([
    ['%%bash\nls', /^1:1 - %%bash is a magic of IPython; here it is .*execSync\('command'/],
    ['const a = 1\n%time a', /^2:1 - %time is .*console\.time/],
    ['%matplotlib inline', /series, histogram, spans and plot/],
    ['  %pip install x', /npm install NAME/],
    ['%unheard of', /^1:1 - %unheard is a magic of IPython; cells are TypeScript here\n {2}%unheard of$/],
    ['%constructor', /cells are TypeScript here/],
    ['!ls -la', /^1:1 - "!ls" runs a command in IPython; here it is .*execSync\('ls …'/],
    ['! ./run.sh', /execSync\('\.\/run\.sh …'/],
    [
      'vm.tasks?',
      /^1:1 - "vm\.tasks\?" asks IPython for help; here it is Shift-Tab on vm\.tasks, or vm\.help\(\)/,
    ],
    ['??vm', /Shift-Tab on vm/],
  ])('says what to write for %j', (code, said) => {
    expect(foreignSyntax(code)).toMatch(said)
  })

  it.each(['let = = 1', 'a % b', 'const x = a ? b : c', 'f(', 'vm.map("x")', '// %time'])(
    'knows nothing of %j',
    (code) => expect(foreignSyntax(code)).toBeUndefined(),
  )
})
