// WhatsApp writes dates, and words for what nobody typed, in the language of the phone.
import { describe, expect, test } from 'vitest'
import { readFiles, said, skips } from '../hand-made.ts'

const read = (text: string, options = {}) =>
  readFiles({ 'chat.txt': text }, { timeZone: 'UTC', dateOrder: 'DMY', ...options })

test.each([
  ['Swedish', '2024-03-13 15:05 - Ben: hi'],
  ['Chinese, iOS', '[2024/3/13 下午3:05:00] Ben: hi'],
  ['Chinese, without a blank behind the colon', '[2024/3/13 15:05:00] Ben:hi'],
  ['Chinese, with a wide colon', '[2024/3/13 15:05:00] Ben：hi'],
  ['Korean', '2024. 3. 13. 오후 3:05 - Ben: hi'],
  ['Japanese', '2024/03/13 午後3:05 - Ben: hi'],
  ['Spanish', '13/3/24, 3:05 p.\u00A0m. - Ben: hi'],
  ['Arabic', '\u200F\u0661\u0663\u200F/\u0663\u200F/\u0662\u0660\u0662\u0664، \u0663:\u0660\u0665 م - Ben: hi'],
  ['Hindi', '१३/३/२४, ३:०५ अपराह्न - Ben: hi'],
  ['Finnish', '13.3.2024 klo 15.05 - Ben: hi'],
  ['French', '13/03/2024 à 15:05 - Ben: hi'],
  ['German, older', '13.03.24 um 15:05 - Ben: hi'],
  ['Hungarian', '2024. 03. 13. 15:05 - Ben: hi'],
  ['Bulgarian', '13.03.2024 г., 15:05 ч. - Ben: hi'],
  ['Turkish', '13.03.2024 ÖS 3:05 - Ben: hi'],
  ['thin blank before PM', '13/3/24, 3:05\u2009PM - Ben: hi'],
  ['marks round the number of a phone', '13/03/2024, 15:05 - \u202ABen\u202C: hi'],
])('the date of a phone: %s', async (_, line) => {
  const whole = await read(line)
  expect(said(whole)).toEqual(['Ben: hi'])
  expect(whole.conversations[0]?.messages[0]?.sentAtMs).toBe(Date.UTC(2024, 2, 13, 15, 5))
})

describe('what nobody typed', () => {
  test.each([
    [
      'German',
      [
        '<Medien ausgeschlossen>',
        'See.jpg (Datei angehängt)',
        'Diese Nachricht wurde gelöscht.',
        'x <Diese Nachricht wurde bearbeitet.>',
      ],
    ],
    [
      'Spanish',
      ['<Multimedia omitido>', 'See.jpg (archivo adjunto)', 'Eliminaste este mensaje.', 'x <Se editó este mensaje.>'],
    ],
    [
      'French',
      ['<Médias omis>', 'See.jpg (fichier joint)', 'Ce message a été supprimé', 'x <Ce message a été modifié>'],
    ],
    [
      'Italian',
      [
        '<Media omessi>',
        'See.jpg (file allegato)',
        'Questo messaggio è stato eliminato',
        'x <Questo messaggio è stato modificato>',
      ],
    ],
    ['Portuguese', ['<Mídia oculta>', 'See.jpg (arquivo anexado)', 'Mensagem apagada', 'x <Mensagem editada>']],
    [
      'Dutch',
      ['<Media weggelaten>', 'See.jpg (bestand bijgevoegd)', 'Dit bericht is verwijderd', 'x <Dit bericht is bewerkt>'],
    ],
  ])('on Android: %s', async (_, words) => {
    const whole = await read(words.map((text) => `13/03/2024, 15:05 - Ben: ${text}`).join('\n'))
    expect(said(whole)).toEqual([
      ...['Ben:  | file null NOT_IN_EXPORT', 'Ben:  | file See.jpg NOT_IN_EXPORT', 'Ben: null | deleted'],
      'Ben: x | edited null',
    ])
  })

  test('on iOS it stands behind a mark, and needs no words', async () => {
    const typed = [
      '\u200Ebild utelämnad',
      '\u200E<Anhang: See.jpg>',
      'hier\u200E<liitetty: See.jpg>',
      '\u200ESee.pdf • \u200E2 pages \u200Edocument omitted',
      '\u200EPOLL:\nLunch?\n\u200EOPTION: Yes',
    ]
    const whole = await read(typed.map((text) => `[13.03.24, 15:05:00] Ben: ${text}`).join('\n'))
    expect(said(whole)).toEqual([
      ...[
        'Ben:  | file null NOT_IN_EXPORT',
        'Ben:  | file See.jpg NOT_IN_EXPORT',
        'Ben: hier | file See.jpg NOT_IN_EXPORT',
      ],
      ...['Ben:  | file See.pdf NOT_IN_EXPORT', 'Ben: POLL:\nLunch?\nOPTION: Yes'],
    ])
  })

  test('names that Android gives tell a file in any language', async () => {
    const whole = await read('13/03/2024, 15:05 - Ben: IMG-20240313-WA0001.jpg (coś innego)\nunder it')
    expect(said(whole)).toEqual(['Ben: under it | file IMG-20240313-WA0001.jpg NOT_IN_EXPORT'])
  })

  test('calls and notices are no messages, and typed words are', async () => {
    const whole = await read(
      [
        '\u200EVerpasster Sprachanruf',
        '\u200EMissed voice call, \u200ETap to call back',
        '\u200ENachrichten sind verschlüsselt',
        'er sagte "x: y"',
      ]
        .map((text) => `[13.03.24, 15:05:00] Ben: ${text}`)
        .join('\n'),
    )
    expect(skips(whole)).toEqual(['1 CALL', '2 CALL', '3 SYSTEM'])
    expect(said(whole)).toEqual(['Ben: er sagte "x: y"'])
  })

  test('what stands before the first date is told', async () => {
    const whole = await read('Chat with Ben\n13/03/2024, 15:05 - Ben: hi')
    expect(whole.warnings.map(({ text }) => text)).toEqual(['What stands before line 2 has no date.'])
  })
})
