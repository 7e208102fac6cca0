import type { Texts } from './en.ts'

const rules = new Intl.PluralRules('ar')
/** The forms of a noun after a number; a number of one or two is in the noun itself. */
interface Forms {
  zero: string
  one: string
  two: string
  few: string
  many: string
}
const count = (n: number, { zero, one, two, few, many }: Forms): string => {
  const digits = n.toLocaleString('ar')
  switch (rules.select(n)) {
    case 'zero':
      return zero
    case 'one':
      return one
    case 'two':
      return two
    case 'few':
      return `${digits} ${few}`
    default:
      return `${digits} ${many}`
  }
}
const people = { zero: 'لا أحد', one: 'شخص واحد', two: 'شخصان', few: 'أشخاص', many: 'شخصًا' }
const chats = { zero: 'لا محادثات', one: 'محادثة واحدة', two: 'محادثتان', few: 'محادثات', many: 'محادثة' }
const changes = { zero: 'لا تغييرات', one: 'تغيير واحد', two: 'تغييران', few: 'تغييرات', many: 'تغييرًا' }

export const ar: Texts = {
  language: 'العربية',
  direction: 'rtl',
  appName: 'Parley',
  skipToMessages: 'انتقل إلى الرسائل',
  loading: 'جارٍ التحميل…',
  retry: 'أعد المحاولة',
  cancel: 'إلغاء',
  close: 'إغلاق',
  save: 'حفظ',
  back: 'العودة إلى القائمة',
  more: 'المزيد',
  you: 'أنت',
  somethingWrong: 'حدث خطأ ما.',

  signIn: {
    title: 'تسجيل الدخول إلى Parley',
    demoTitle: 'جرّبه باسم شخص',
    demoHint: 'افتح نافذة ثانية وسجّل الدخول فيها باسم شخص آخر.',
    demoNote: 'هؤلاء الأشخاص للتجربة، وكلمة مرورهم معروفة للجميع. الإعداد DEMO_PEOPLE=off يخفيهم.',
    as: (name) => `الدخول باسم ${name}`,
    or: 'أو بحساب خاص بك',
    handle: 'اسم المستخدم',
    displayName: 'الاسم',
    password: 'كلمة المرور',
    logIn: 'تسجيل الدخول',
    register: 'إنشاء حساب',
    toRegister: 'ليس لدي حساب بعد',
    toLogIn: 'لدي حساب',
    unreachable: 'لا يمكن الوصول إلى الخادم. هل هو يعمل؟',
    invited: 'أنت مدعوّ إلى Parley',
    choosePassword: 'محادثاتك هنا بالفعل. اختر كلمة مرور لتسجيل الدخول بها من الآن فصاعدًا.',
    accept: 'تعيين كلمة المرور وتسجيل الدخول',
    failed: 'اسم المستخدم أو كلمة المرور خطأ.',
    ended: 'انتهت جلستك. سجّل الدخول من جديد، وما كتبته محفوظ.',
  },

  sync: {
    OFFLINE: 'أنت غير متصل. ما تكتبه يُحفظ ويُرسل لاحقًا.',
    CATCHING_UP: 'جارٍ اللحاق بما فات…',
    LIVE: 'متصل',
    WRONG_SERVER: 'لا يوجد خادم Parley على هذا العنوان.',
    WRONG_VERSION: 'هذه الصفحة والخادم من إصدارين مختلفين. أعد تحميل الصفحة.',
    REFUSED: 'الخادم يرفض هذه الصفحة. أعد تحميلها أو اسأل من يشغّل الخادم.',
    CLOCK_WRONG: 'ساعة هذا الجهاز غير صحيحة، فتبدو الأوقات غريبة.',
    STORAGE_REFUSED: 'هذا المتصفح لا يحفظ شيئًا لهذه الصفحة. ما لم يُرسل بعد يضيع عند إغلاقها.',
    STORAGE_FULL: 'لا مساحة متبقية على هذا الجهاز، فلا يُحفظ الجديد.',
  },

  inbox: {
    title: 'المحادثات',
    conversations: 'المحادثات',
    filters: 'أي المحادثات',
    ACTIVE: 'الكل',
    UNREAD: 'غير مقروءة',
    MENTIONED: 'إشارات',
    ARCHIVED: 'الأرشيف',
    empty: {
      ACTIVE: 'لا محادثات بعد. ابدأ واحدة!',
      UNREAD: 'كل شيء مقروء.',
      MENTIONED: 'لم يُشر إليك أحد.',
      ARCHIVED: 'الأرشيف فارغ.',
    },
    unread: (n) =>
      count(n, {
        zero: 'لا رسائل غير مقروءة',
        one: 'رسالة غير مقروءة',
        two: 'رسالتان غير مقروءتين',
        few: 'رسائل غير مقروءة',
        many: 'رسالة غير مقروءة',
      }),
    mentions: (n) =>
      count(n, {
        zero: 'لا إشارات غير مقروءة',
        one: 'إشارة غير مقروءة',
        two: 'إشارتان غير مقروءتين',
        few: 'إشارات غير مقروءة',
        many: 'إشارة غير مقروءة',
      }),
    pinned: 'مثبّتة',
    muted: 'مكتومة',
    noMessages: 'لا رسائل بعد',
    deleted: 'رسالة محذوفة',
    attachment: 'مرفق',
    draft: 'مسودة:',
    newChat: 'محادثة جديدة',
    loadMore: 'عرض المزيد',
    pin: 'تثبيت',
    unpin: 'إلغاء التثبيت',
    archive: 'أرشفة',
    unarchive: 'إخراج من الأرشيف',
    mute: 'كتم',
    unmute: 'إلغاء الكتم',
    markUnread: 'تعليم كغير مقروءة',
    hide: 'إخفاء حتى الرسالة التالية',
    markAllRead: 'تعليم الكل كمقروء',
    unreadTitle: (n) => (n > 0 ? `(${n.toLocaleString('ar')}) Parley` : 'Parley'),
    menuOf: (title) => `خيارات ${title}`,
    support: 'الدعم',
    group: 'مجموعة',
    pick: 'اختر محادثة، أو ابدأ محادثة جديدة.',
    firstTitle: 'ابدأ محادثتك الأولى',
    firstHint: 'لم يكتب أحد بعد. كن الأول:',
    chatWith: (name) => `محادثة مع ${name}`,
    findPeople: 'ابحث عن أشخاص أو أنشئ مجموعة',
  },

  search: {
    label: 'ابحث عن أشخاص ورسائل',
    people: 'أشخاص',
    messages: 'رسائل',
    none: 'لم يوجد شيء.',
    inConversation: (title) => `في ${title}`,
    clear: 'مسح البحث',
  },

  presence: {
    ONLINE: 'متصل',
    AWAY: 'بعيد',
    OFFLINE: 'غير متصل',
    lastSeen: (when) => `آخر ظهور ${when}`,
  },

  timeline: {
    label: (title) => `رسائل ${title}`,
    today: 'اليوم',
    yesterday: 'أمس',
    newMessages: 'رسائل جديدة',
    beginning: 'هذه بداية المحادثة.',
    loadingOlder: 'جارٍ تحميل رسائل أقدم…',
    toEnd: 'إلى أحدث رسالة',
    edited: 'معدّلة',
    deleted: 'حُذفت هذه الرسالة.',
    deletedByOther: 'حذف مشرف هذه الرسالة.',
    pending: 'تنتظر الإرسال',
    SENT: 'أُرسلت',
    DELIVERED: 'وصلت',
    READ: 'قُرئت',
    refused: 'لم تُرسل:',
    resend: 'أعد الإرسال',
    editRefused: 'غيّرها',
    drop: 'تجاهلها',
    reply: 'رد',
    react: 'تفاعل',
    reactions: 'التفاعلات',
    edit: 'تعديل',
    delete: 'حذف',
    copy: 'نسخ النص',
    pin: 'تثبيت',
    unpin: 'إلغاء التثبيت',
    readBy: 'قرأها…',
    readByCount: (n) => `قرأها ${count(n, people)}`,
    readByNobody: 'لم يقرأها أحد بعد.',
    replies: (n) => count(n, { zero: 'لا ردود', one: 'رد واحد', two: 'ردان', few: 'ردود', many: 'ردًا' }),
    thread: 'سلسلة الردود',
    replyTo: (name) => `رد على ${name}`,
    actionsOf: (name) => `خيارات رسالة ${name}`,
    reactWith: (emoji) => `تفاعل بـ ${emoji}`,
    reacted: (emoji, n) => `${emoji}، ${count(n, people)}`,
    typingOne: (name) => `${name} يكتب…`,
    typingTwo: (one, two) => `${one} و${two} يكتبان…`,
    typingMany: 'عدة أشخاص يكتبون…',
    newMessageOf: (name, text) => `رسالة جديدة من ${name}: ${text}`,
    noSuch: 'هذه المحادثة غير موجودة، أو لست عضوًا فيها.',
    confirmDelete: 'حذف هذه الرسالة لدى الجميع؟',
    downloads: (name, size) => `تنزيل ${name}، ${size}`,
    pinnedMessages: 'الرسائل المثبّتة',
    noPins: 'لم يعد هناك شيء مثبت.',
    blocked: 'رسالة من شخص حظرته',
    showBlocked: 'إظهارها',
    history: 'النسخ السابقة',
  },

  composer: {
    label: 'رسالة',
    placeholder: 'اكتب رسالة',
    closed: 'هذه المحادثة مغلقة.',
    blocked: (name) => `لقد حظرت ${name}. لا يمكن لأيٍّ منكما الكتابة هنا.`,
    send: 'إرسال',
    attach: 'إرفاق ملفات',
    emoji: 'إدراج رمز تعبيري',
    replyingTo: (name) => `ردًا على ${name}`,
    editing: 'تعديل رسالتك',
    cancelReply: 'إلغاء الرد',
    cancelEdit: 'إلغاء التعديل',
    removeFile: (name) => `إزالة ${name}`,
    uploading: (percent) => `جارٍ الرفع، ${percent.toLocaleString('ar')} ٪`,
    drop: 'أفلت الملفات لإرفاقها',
    tooLong: (n) => `تجاوز الحد: ${n.toLocaleString('ar')}`,
    conflictTitle: 'تغيّرت في هذه الأثناء',
    conflictText: 'عُدّلت هذه الرسالة على جهاز آخر بعد أن بدأت. نصها الآن:',
    conflictMine: 'احفظ نصي بدلًا منه',
    conflictTheirs: 'أبقِ ذلك',
    mention: 'أشخاص للإشارة إليهم',
  },

  newChat: {
    title: 'محادثة جديدة',
    search: 'ابحث عن أشخاص',
    hint: 'شخص واحد لمحادثة مباشرة، وعدة أشخاص لمجموعة.',
    groupName: 'اسم المجموعة',
    start: 'ابدأ المحادثة',
    createGroup: 'أنشئ المجموعة',
    selected: (n) => `اختير: ${count(n, people)}`,
    remove: (name) => `إزالة ${name}`,
    askSupport: 'اطلب المساعدة من الدعم',
    supportTitle: 'ما الموضوع؟',
    openSupport: 'اسأل الدعم',
  },

  details: {
    title: 'التفاصيل',
    open: 'عرض التفاصيل',
    members: (n) => count(n, { zero: 'لا أعضاء', one: 'عضو واحد', two: 'عضوان', few: 'أعضاء', many: 'عضوًا' }),
    rename: 'تغيير الاسم',
    name: 'الاسم',
    add: 'إضافة أشخاص',
    roles: { OWNER: 'المالك', ADMIN: 'مشرف', MEMBER: 'عضو' },
    makeAdmin: 'اجعله مشرفًا',
    makeMember: 'اجعله عضوًا',
    makeOwner: 'سلّمه المجموعة',
    remove: 'إخراج من المجموعة',
    menuOf: (name) => `خيارات ${name}`,
    leave: 'مغادرة المجموعة',
    deleteGroup: 'حذف المجموعة',
    confirmDelete: 'حذف المجموعة بكل رسائلها لدى الجميع؟',
    permissions: 'يحق للأعضاء أيضًا',
    permission: {
      RENAME: 'تغيير اسم المجموعة',
      ADD: 'إضافة أشخاص',
      REMOVE: 'إخراج أشخاص',
      PIN: 'تثبيت رسائل',
      DELETE_OTHERS: 'حذف رسائل الآخرين',
      MENTION_EVERYONE: 'الإشارة إلى الجميع',
    },
    history: 'يرى الأعضاء الجدد الرسائل السابقة',
    forbidden: 'لا يحق لك ذلك.',
  },

  blocks: {
    title: 'الأشخاص المحظورون',
    hint: 'لا يمكنهم مراسلتك ولا رؤية ما إذا كنت متصلاً. ولا يُبلَّغون بذلك.',
    none: 'لم تحظر أحدًا.',
    block: (name) => `حظر ${name}`,
    unblock: (name) => `إلغاء حظر ${name}`,
    unblockShort: 'إلغاء الحظر',
  },

  sessions: {
    title: 'الأجهزة التي سجّلت الدخول منها',
    current: 'هذا الجهاز',
    unknown: 'جهاز غير معروف',
    lastUsed: (when) => `آخر استخدام ${when}`,
    device: (browser, system) => `${browser} على ${system}`,
    signOut: 'تسجيل الخروج',
    signOutOf: (device) => `تسجيل الخروج من ${device}`,
    signOutOthers: 'تسجيل الخروج من بقية الأجهزة',
    signOutEverywhere: 'تسجيل الخروج من كل الأجهزة',
  },

  settings: {
    privacy: 'ما يراه الآخرون',
    page: 'هذا المتصفح',
    account: 'حسابك',
    title: 'الإعدادات',
    receipts: 'دع الآخرين يرون ما قرأته',
    receiptsHint: 'عند إيقافه لا ترى أنت أيضًا ما قرأه الآخرون.',
    presence: 'من يرى هل أنت متصل',
    sharing: { EVERYONE: 'الجميع', CONTACTS: 'من لديك محادثة معهم', NOBODY: 'لا أحد' },
    invisible: 'مخفي',
    invisibleHint: 'تبدو للجميع غير متصل.',
    language: 'اللغة',
    notifications: 'إشعارات هذا المتصفح',
    notificationsOn: 'أرسل لي إشعارات',
    notificationsDenied: 'هذا المتصفح لا يسمح بها لهذه الصفحة.',
    signOut: 'تسجيل الخروج',
    signOutHint: 'ما لم يُرسل بعد من هذا الجهاز يُحذف.',
    menu: 'القائمة',
  },

  support: {
    title: 'مكتب الدعم',
    queue: 'الطابور',
    OPEN: 'مفتوحة',
    RESOLVED: 'محلولة',
    all: 'الكل',
    empty: 'لا أحد ينتظر.',
    staffOnly: 'المكتب للموظفين فقط. اطلب المساعدة عبر «محادثة جديدة».',
    unassigned: 'لا مسؤول عنها',
    assignedTo: (name) => `المسؤول ${name}`,
    assignMe: 'سأتولاها',
    unassign: 'أعدها',
    resolve: 'حُلّت',
    reopen: 'افتحها من جديد',
    waitingSince: (when) => `تنتظر منذ ${when}`,
    answered: 'أُجيب عنها',
    count: (n) => count(n, chats),
  },

  outbox: {
    title: (n) => `رُفض: ${count(n, changes)}`,
    waiting: (n) => `ينتظر الإرسال: ${count(n, changes)}`,
  },
}
