// HTML of chat messages to plain text. htmlparser2 reads it: what others' editors write is no well-formed HTML.
import { Parser } from 'htmlparser2'

export interface PlainHtml {
  text: string
  /** Addresses of the pictures in it. */
  images: string[]
}

const blocks = new Set('p div ul ol li blockquote pre codeblock table tr h1 h2 h3 h4 h5 h6 hr'.split(' '))

export function plainHtml(html: string): PlainHtml {
  const images: string[] = []
  let text = ''
  /** Depth of elements in which line breaks count. */
  let pre = 0
  const links: { href: string; from: number }[] = []
  const breakLine = () => {
    text = text.replace(/[ \t]+$/, '')
    if (text !== '' && !text.endsWith('\n')) text += '\n'
  }
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (blocks.has(name)) breakLine()
        if (name === 'pre' || name === 'codeblock') pre += 1
        if (name === 'br') text += '\n'
        else if (name === 'a') links.push({ href: attributes.href ?? '', from: text.length })
        else if (name === 'at') text += '@'
        else if (name === 'emoji' || name === 'customemoji') text += attributes.alt ?? ''
        else if (name === 'img' && /emoji/i.test(attributes.itemtype ?? '')) text += attributes.alt ?? ''
        else if (name === 'img' && attributes.src) images.push(attributes.src)
        else if ((name === 'td' || name === 'th') && text !== '' && !text.endsWith('\n')) text += ' '
      },
      ontext(part) {
        if (pre > 0) text += part
        else {
          const spaced = part.replace(/[ \t\r\n]+/g, ' ')
          text += text === '' || /[\s]$/.test(text) ? spaced.replace(/^ /, '') : spaced
        }
      },
      onclosetag(name) {
        if (name === 'pre' || name === 'codeblock') pre -= 1
        if (name === 'a') {
          const link = links.pop()
          const words = link ? text.slice(link.from).trim() : ''
          if (link && link.href !== '' && words === '') text += link.href
          else if (link && link.href !== '' && words !== link.href) text = `${text.trimEnd()} (${link.href})`
        }
        if (blocks.has(name)) breakLine()
      },
    },
    { decodeEntities: true },
  )
  parser.end(html)
  const plain = text
    .replaceAll('\u00A0', ' ')
    .replace(/[ \t]+\n/g, '\n')
    .trim()
  return { text: plain, images }
}
