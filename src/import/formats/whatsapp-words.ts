// The words that WhatsApp itself writes into a chat, in languages of phones. What stands behind U+200E is known by its shape in
// every language; only what has no mark needs words.

const anyOf = (words: string) =>
  words
    .trim()
    .split(/\s*\n\s*/)
    .join('|')

const omittedOnAndroid = anyOf(`
  Media omitted
  Medien ausgeschlossen
  Medien weggelassen
  Multimedia omitido
  Archivo omitido
  Médias omis
  Fichier omis
  Media omessi
  Mídia oculta
  Arquivo de mídia oculto
  Ficheiro não revelado
  Media weggelaten
  Medya dahil edilmedi
  Без медиафайлов
  pominięto multimedia
  Media tidak disertakan`)

/** The last words on iOS; before them stands what kind of file it was. */
const omittedAtEnd = anyOf(`
  omitted
  weggelassen
  ausgelassen
  omitid[oa]
  omise?
  absente?
  manquant
  retiré
  omess[oa]
  esclusa
  non inclus[oa]
  ocultad[oa]
  weggelaten
  utelämnad
  dahil edilmedi
  отсутствует
  tidak disertakan`)

const attachedWords = anyOf(`
  file attached
  Datei angehängt
  archivo adjunto
  fichier joint
  file allegato
  arquivo anexado
  ficheiro anexado
  bestand bijgevoegd
  dosya ekli
  файл добавлен
  załączono plik
  file terlampir`)

const deletedText = anyOf(`
  This message was deleted(?: by admin .*)?
  You deleted this message(?: as admin)?
  Diese Nachricht wurde gelöscht
  Du hast diese Nachricht gelöscht
  Se eliminó este mensaje
  Este mensaje fue eliminado
  Eliminaste este mensaje
  Ce message a été supprimé
  (?:Vous avez|Tu as) supprimé ce message
  Questo messaggio è stato eliminato
  Hai eliminato questo messaggio
  Mensagem apagada
  Esta mensagem foi apagada
  Você apagou esta mensagem
  Dit bericht is verwijderd
  (?:U|Je) hebt dit bericht verwijderd
  Bu mesaj silindi
  Bu mesajı sildiniz
  Данное сообщение удалено
  Вы удалили данное сообщение
  Ta wiadomość została usunięta
  Pesan ini telah dihapus
  Anda menghapus pesan ini`)

const editedText = anyOf(`
  This message was edited
  Diese Nachricht wurde bearbeitet
  Se editó este mensaje
  Ce message a été modifié
  Questo messaggio è stato modificato
  Mensagem editada
  Dit bericht is bewerkt
  Bu mesaj düzenlendi
  Данное сообщение изменено
  Сообщение изменено
  Pesan ini diedit`)

const callText = anyOf(`
  (?:Missed |Silenced )?(?:group |video |voice )+call(?:\\b|,)
  Verpasste[rs]? (?:Sprach|Video|Gruppen)\\p{L}*anruf
  (?:Sprach|Video)anruf,
  (?:Llamada|Videollamada)(?: de voz| de grupo| grupal)? perdida
  Appel (?:vocal|vidéo)(?: de groupe)? manqué
  (?:Chiamata vocale|Videochiamata) persa
  (?:Chamada|Ligação) de (?:voz|vídeo) perdida
  Gemiste (?:spraakoproep|video-oproep|groepsoproep)
  Cevapsız (?:sesli|görüntülü) arama
  Пропущенный (?:аудио|видео)звонок`)

/** What stands instead of typed text, whole, on Android. */
export const omittedWhole = new RegExp(`^<(?:${omittedOnAndroid})>$`, 'iu')
/** On iOS, where U+200E stands before it: `image omitted`, `lake.pdf • 2 pages document omitted`. */
export const omittedMarked = new RegExp(`^[^\\n]*[^\\s<>] (?:${omittedAtEnd})$|^pominięto [^\\n]+$`, 'iu')
/** The name of a document stands before the words for it. */
export const omittedNamed = new RegExp(`^(.+\\.\\w{1,8})(?: • .*)? \\S+ (?:${omittedAtEnd})$`, 'iu')
/** `<attached: lake.jpg>` in every language, behind U+200E. */
export const attachedMarked = /^<[^<>:：\n]{1,40}[:：]\s?([^<>\n]+)>$/u
/** English words stand without the mark too. */
export const omittedWords =
  /^(?:image|video|audio|sticker|GIF|document|Contact card|video note|view once \w+|voice message) omitted$/i
export const fileAttached = new RegExp(`^(.+\\.\\w{1,8}) \\((?:${attachedWords})\\)$`, 'iu')
/** Names that Android itself gives, or U+200E before them, tell without the words. */
export const fileAttachedByName =
  /^((?:IMG|VID|PTT|AUD|DOC|STK)-\d{8}-WA\d{4}\.\w{1,8}|\u200E.+\.\w{1,8}) \([^()\n]{3,40}\)$/u
export const deletedWords = new RegExp(`^(?:${deletedText})\\.?$`, 'iu')
export const editedMark = new RegExp(`\\s*\\u200E?<(?:${editedText})\\.?>\\s*$`, 'iu')
export const callWords = new RegExp(`^(?:${callText})`, 'iu')
export const waiting = /^(?:Waiting for this message|Warten auf diese Nachricht|En attente de ce message)/iu
/** With U+200E before them, and yet of somebody. */
export const saidWithMark = new RegExp(
  `^(?:(?:Location|Standort|Ubicación|Localisation|Posizione|Localização|Locatie): |live location shared|(?:POLL|UMFRAGE|ENCUESTA|SONDAGE|SONDAGGIO|ENQUETE|PEILING):|EVENT:|Contact:|<(?:${editedText})\\.?>)`,
  'iu',
)
