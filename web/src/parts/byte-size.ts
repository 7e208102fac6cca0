import { useLanguage, type Language } from '../texts/texts.tsx'

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

export function formatByteSize(byteSize: number, language: Language): string {
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, byteSize)) / 3))
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: units[at] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: at === 0 ? 0 : 1,
  }).format(byteSize / 1000 ** at)
}

export const useByteSize = (byteSize: number) => formatByteSize(byteSize, useLanguage().language)
