//! Words that say what stands beside them: spelled signs, names of services, invitations. One look-up per word.

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::slip::{find_shortened, is_slip, shortened};
use crate::text::{Text, scripts};
use crate::{Additions, Category};

/// What a word can be: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Roles(u32);

impl Roles {
    /// A full stop, spelled.
    pub(crate) const DOT: Self = Self(1);
    /// An `@`, spelled so that it is hardly anything else behind a name.
    pub(crate) const AT: Self = Self(1 << 1);
    /// An English "at": a word like any other.
    pub(crate) const AT_WORD: Self = Self(1 << 2);
    /// A sign inside a name, spelled: underscore, dash.
    pub(crate) const JOINT: Self = Self(1 << 3);
    /// A mail provider that is nothing else.
    pub(crate) const PROVIDER: Self = Self(1 << 4);
    /// A mail provider whose name is a word as well.
    pub(crate) const PROVIDER_WORD: Self = Self(1 << 5);
    /// A messenger.
    pub(crate) const MESSENGER: Self = Self(1 << 6);
    /// A messenger whose name is a word as well, or a short form of it.
    pub(crate) const MESSENGER_WORD: Self = Self(1 << 7);
    /// A social network.
    pub(crate) const SOCIAL: Self = Self(1 << 8);
    /// One whose name is a word as well, or a short form of it.
    pub(crate) const SOCIAL_WORD: Self = Self(1 << 9);
    /// Write, add, find, move: an invitation when a service follows.
    pub(crate) const INVITE: Self = Self(1 << 10);
    /// Announces a name: nick, handle, login.
    pub(crate) const NICK: Self = Self(1 << 11);
    /// Announces an e-mail address.
    pub(crate) const MAIL: Self = Self(1 << 12);
    /// Announces a web address.
    pub(crate) const SITE: Self = Self(1 << 13);
    /// So common that it is no name of a person or host.
    pub(crate) const COMMON: Self = Self(1 << 14);
    /// Me, my.
    pub(crate) const MINE: Self = Self(1 << 15);
    /// "in", "on", "via": between an invitation and a service.
    pub(crate) const VIA: Self = Self(1 << 16);
    /// "is", "это": between a service and a name.
    pub(crate) const IS: Self = Self(1 << 17);
    /// The service is named without inviting anybody: broken, saw, ad.
    pub(crate) const TALK: Self = Self(1 << 18);
    /// Colours and things that stand for a messenger before "app": green, зелёный.
    pub(crate) const COLOUR: Self = Self(1 << 19);
    /// App, messenger, приложение.
    pub(crate) const APP: Self = Self(1 << 20);
    /// A top-level domain as it is pronounced.
    pub(crate) const TLD: Self = Self(1 << 21);
    /// Right before a name that nothing else is known of: "I'm", "look for", "je suis".
    pub(crate) const INTRO: Self = Self(1 << 22);
    /// Not: what is denied is no invitation.
    pub(crate) const NOT: Self = Self(1 << 23);
    /// Pictures: what is shown somewhere, or what is sent there.
    pub(crate) const PICTURE: Self = Self(1 << 25);
    /// The first part of a name that is written in parts.
    pub(crate) const PART: Self = Self(1 << 24);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What a word can be, in small letters, folded. Names of services are known in all their Russian cases.
pub(crate) fn roles(word: &str) -> Roles {
    let vocabulary = &*VOCABULARY;
    if let Some(roles) = vocabulary.words.get(word) {
        return *roles;
    }
    // Endings of Russian nouns have up to three letters.
    if word.len() < STEM_MIN || word.is_ascii() || !vocabulary.beginnings.contains(&beginning(word)) {
        return Roles::default();
    }
    let mut stem = word;
    for _ in 0..3 {
        let Some((end, _)) = stem.char_indices().next_back() else { break };
        stem = &stem[..end];
        if let Some(roles) = vocabulary.stems.get(stem) {
            return *roles;
        }
    }
    Roles::default()
}

/// The service that a word is a bent name of: letters stretched ("vvviber"), digits among them ("te1egram"), one slip in a long
/// name ("whastapp"). Nothing for other words.
pub(crate) fn bent(word: &str, digits: bool) -> Roles {
    let services = Roles::MESSENGER.and(Roles::SOCIAL);
    let service = |word: &str| Some(roles(word)).filter(|roles| roles.has(services));
    if !(BENT_MIN..=BENT_MAX).contains(&word.len()) || !word.starts_with(|c| FIRST_LETTERS.contains(c)) {
        return Roles::default();
    }
    let plain = if digits { Cow::Owned(letters(word)) } else { Cow::Borrowed(word) };
    let doubled = plain.chars().zip(plain.chars().skip(1)).any(|(a, b)| a == b);
    let stretched = |word| stretched(word).filter(|_| doubled);
    let found = service(&plain)
        .or_else(|| stretched(&plain).find_map(|less| service(&less)))
        .or_else(|| slipped(&plain))
        .or_else(|| stretched(&plain).next().filter(|less| less.len() < plain.len()).and_then(|less| slipped(&less)));
    found.unwrap_or_default()
}

/// Bytes of the shortest and longest bent name, and the letters that names begin with.
const BENT_MIN: usize = 5;
const BENT_MAX: usize = 40;
const FIRST_LETTERS: &str = "wtifmdsvkxlyвтифмдсукю";
/// The fewest letters of a name in which one may have slipped.
const SLIP_MIN: usize = 6;

/// Digits and signs among letters, as the letters they pass for.
fn letters(word: &str) -> String {
    let cyrillic = word.chars().any(|c| matches!(c, '\u{400}'..='\u{4FF}'));
    let leet = if cyrillic { scripts::leet_cyrillic } else { scripts::leet_latin };
    let e = if cyrillic { 'е' } else { 'e' };
    word.chars().map(|c| if c == '3' { e } else { leet(c).unwrap_or(c) }).collect()
}

/// The word with runs of one letter cut down to one, and to two.
fn stretched(word: &str) -> impl Iterator<Item = String> {
    let cut = |most: usize| {
        let (mut cut, mut last, mut run) = (String::with_capacity(word.len()), None, 0);
        for c in word.chars() {
            run = if last == Some(c) { run + 1 } else { 1 };
            last = Some(c);
            if run <= most {
                cut.push(c);
            }
        }
        cut
    };
    [cut(1), cut(2)].into_iter()
}

/// A name from which the word differs by one letter, missing, added or changed, or two swapped; both begin alike.
fn slipped(word: &str) -> Option<Roles> {
    let vocabulary = &*VOCABULARY;
    if word.chars().count() + 1 < SLIP_MIN {
        return None;
    }
    let near = |less: &str| vocabulary.near.get(less).into_iter().flatten().find(|name| is_slip(word, name)).copied();
    let name = near(word).or_else(|| find_shortened(word, near))?;
    vocabulary.words.get(name).copied()
}

/// Names of services that an operator added or took away, over the built-in ones.
#[derive(Debug, Default)]
pub(crate) struct Names {
    words: HashMap<Box<str>, Roles>,
    /// Names of several words; whether they are social networks.
    parts: Vec<(Vec<Box<str>>, bool)>,
}

impl Names {
    /// Names as an operator wrote them; they are folded as a message is.
    pub(crate) fn new(additions: &Additions) -> Self {
        let mut names = Self::default();
        for (category, roles) in [(Category::Messenger, Roles::MESSENGER), (Category::Social, Roles::SOCIAL)] {
            for removed in additions.removed(category) {
                names.put(removed, Roles::default(), false);
            }
            for added in additions.added(category) {
                names.put(added, roles, category == Category::Social);
            }
        }
        names
    }

    fn put(&mut self, name: &str, roles: Roles, social: bool) {
        let text = Text::read(name);
        let words: Vec<Box<str>> = text.tokens().iter().map(|token| text.word(token).into()).collect();
        match &words[..] {
            [] => {}
            [word] => {
                self.words.insert(word.clone(), roles);
            }
            _ if roles.is_empty() => self.parts.retain(|(parts, _)| *parts != words),
            _ => self.parts.push((words, social)),
        }
    }

    /// What a word is by the operator's word; `None`: nothing was said of it.
    pub(crate) fn roles(&self, word: &str) -> Option<Roles> {
        if self.words.is_empty() { None } else { self.words.get(word).copied() }
    }

    /// Added names of several words.
    pub(crate) fn parts(&self) -> &[(Vec<Box<str>>, bool)] {
        &self.parts
    }
}

/// Bytes of the shortest stem: three Cyrillic letters.
const STEM_MIN: usize = 6;

fn beginning(word: &str) -> [u8; 4] {
    let mut first = [0; 4];
    for (to, from) in first.iter_mut().zip(word.bytes()) {
        *to = from;
    }
    first
}

struct Vocabulary {
    words: HashMap<&'static str, Roles>,
    /// Nouns that take endings.
    stems: HashMap<&'static str, Roles>,
    beginnings: HashSet<[u8; 4]>,
    /// Names of services without one of their letters, and whole.
    near: HashMap<Box<str>, Vec<&'static str>>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut words: HashMap<&'static str, Roles> = HashMap::default();
    let mut stems = HashMap::default();
    let mut beginnings = HashSet::default();
    for (roles, list) in LISTS {
        for word in list.split_whitespace() {
            let slot = match word.strip_suffix('*') {
                Some(stem) => {
                    beginnings.insert(beginning(stem));
                    words.entry(stem).or_default().0 |= roles.0;
                    stems.entry(stem).or_insert_with(Roles::default)
                }
                None => words.entry(word).or_default(),
            };
            *slot = slot.and(*roles);
        }
    }
    let mut near: HashMap<Box<str>, Vec<&'static str>> = HashMap::default();
    let services = Roles::MESSENGER.and(Roles::SOCIAL);
    for (name, _) in words.iter().filter(|(name, roles)| roles.has(services) && name.chars().count() >= SLIP_MIN) {
        for less in shortened(name).chain([(*name).into()]) {
            near.entry(less).or_default().push(name);
        }
    }
    near.values_mut().for_each(|names| names.sort_unstable());
    Vocabulary { words, stems, beginnings, near }
});

/// The lists. A star: the word takes endings.
#[rustfmt::skip]
const LISTS: &[(Roles, &str)] = &[
    (Roles::DOT, "dot dott doot d0t point poin pnt pt pont ponto точк точька тчка точка точкой точку тчк точкаа tochka"),
    (Roles::AT, "arobase arobas arrobase arobaz arobasse собака собачка собакой собачкой собаку собачку сабака собак sobaka sobachka \
        собаке гав ат эт этт at-sign atsign"),
    (Roles::AT_WORD, "at commercial chez"),
    (Roles::JOINT, "underscore underline dash hyphen tiret tiretbas подчеркивание подчерк нижнее подчеркиванием дефис тире андерскор soulignement souligne bas"),
    (Roles::PROVIDER, "gmail gmaill gmal gmial gmai1 gmeil gmaii jmail googlemail yahoo hotmail hotmal outlook icloud protonmail videotron sympatico \
        laposte wanadoo yandex rambler gmx zoho aol msn mailru gmailcom \
        джимейл* джимэйл* джимеил* гмейл* гмайл* гмаил* гмэйл* жмейл* жимейл* мэйлру яндекс* рамблер* яху хотмейл* аутлук* айклауд* инбокс*"),
    (Roles::PROVIDER_WORD, "mail live free orange bell rogers telus shaw sfr inbox list bk ya proton me мейл* мэйл* маил* майл* протон*"),
    (Roles::MESSENGER, "whatsapp whatsap whatsup whatsaap watsapp watsap wattsapp whatsappp whtsapp whatapp wapp whattsapp wazap wazzap whatssapp \
        telegram telegramm telegrm telegam telgram tlgrm telega telegramme telegrame viber vibe viberr wiber \
        skype skyp wechat weixin kakaotalk messenger fbmessenger imessage facetime discord threema kakao icq messanger messeger wassap wassapp wazzup watsup \
        вотсап* вотсапп* ватсап* ватсапп* ватцап* вацап* воцап* вотцап* васап* уотсап* уатсап* вотс* ватс* вотзап* ватзап* вацапп* \
        телеграм* телеграмм* телеграмчик* телеграмик* \
        вайбер* вибер* вайпер* скайп* дискорд* вичат* мессенджер* месенджер* мессинджер* аська тилиграм* вастап* тримa"),
    (Roles::MESSENGER_WORD, "wa wsp wap tg tgm tele telegr signal line slack telegraf дс вц ва тг тгшк* тлг сигнал* вайб* kik imo имо vibes телега телеге телегу телеги телегой discorde wu"),
    (Roles::SOCIAL, "instagram instagr instagrm insta instag facebook facebok fbook linkedin tiktok twitter vkontakte snapchat snapchatt nextdoor youtube снапчат* ютуб* facebouk feicebouk odnoklassniki pinterest \
        инстаграм* инстаграмм* инста инсте инсту инсты инстой инстик* инстаграме фейсбук* фэйсбук* фейсбок* фесбук* вконтакте вконтакт* контактик* тикток* твиттер* твитер* одноклассник* линкедин*"),
    (Roles::SOCIAL_WORD, "фейс ig fb vk face вк фб ин инст однокл x snap sc tt тт контакте"),
    (Roles::INVITE, "write text message msg ping dm pm add find contact reach hit call join move switch continue chat talk reply hmu send drop shoot hop \
        come go let lets search catch answer answers respond prefer better easier faster whats drop reachable dming \
        ecris ecrivez ecrire ecrit contacte contactez contacter ajoute ajoutez ajouter trouvez retrouve retrouvez rejoins rejoignez joins joignez \
        joindre parle parlons parler passe passons passer continue continuons discuter discutons discute texte textez texter cherche cherchez envoie envoyez \
        envoyer prefere найти appelle appelez appel созвонимся созвонится jase jasons jaser reponds repond va mieux quoi mp dm signe viens venez fais compte user usager \
        пиши пишите напиши напишите напишу писать написать добавь добавьте добавляй добавляйте добавляйся найди найдите ищи ищите звони звоните позвони \
        позвоните набери наберите скинь скиньте кинь киньте скину кину пришли пришлите перейдем переходи переходите перейти перейдемте пойдем пошли давай давайте \
        спишемся свяжись свяжитесь связаться связь свяжемся отвечаю отвечу отвечаем отвечают добавлю добавим лучше удобнее быстрее кидай юзер пользователь личку лс общаться общаемся пообщаемся стучи стучись стукни маякни маякните отпиши отпишись черкни \
        подпишись подпишитесь продолжим жду ответь ответьте отвечу контакт контакты обсудим договоримся поговорим пообщаться доступен го айда"),
    (Roles::NICK, "nick nickname handle username user login id account acct pseudo pseudonyme identifiant compte profil profile name nom \
        ник ником ника никнейм логин логином юзернейм юзер аккаунт акк айди профиль имя имени"),
    (Roles::MAIL, "email mail e-mail emails courriel couriel mel adresse address gmail почта почту почте почты емейл имейл имэйл мыло мыла мылу емайл емаил мейл мэйл mailto"),
    (Roles::SITE, "site website web www http https hxxp hxxps url link page webpage сайт* ссылк* страниц* домен* адрес* lien siteweb url blog portfolio портфолио blogue visit visitez"),
    (Roles::MINE, "my me mine mon ma mes moi m мой моя мое мои моего моем моему меня мне мну мной us nous notre нас наш нам our i je j я"),
    (Roles::VIA, "on in via over through by to at using sur par dans avec en vers a au le la l в во на через по к с под из the my your mon ton votre мой твой ваш или or ou d"),
    (Roles::IS, "is s are it its as under est c cest sous это есть такой как вот под мой там here ici будет"),
    (Roles::APP, "app apps application appli applications messenger messager messagerie приложение приложения приложении приложуху приложуха мессенджер мессенджере мессенджера месенджер"),
    (Roles::COLOUR, "plane avion avions самолетик самолетиком самолет green blue purple verte vert bleu bleue mauve violet violette зеленый зеленом зеленая зеленого зеленое зеленой зеленую зеленка синий синем синего голубой голубом фиолетовый фиолетовом фиолетовая фиолетовой"),
    (Roles::TALK, "fix repair recover hacked hack followers server bot bots logo design experience brand clone integration reparer pirate gestion бот бота взломали раскрутить подписчиков \
        he she they client customer sister brother wife husband daughter friend neighbour neighbor он она они клиент клиентка жена муж сосед соседка дочь друг подруга \
        elle ils fille femme mari voisin voisine got received watched screenshot likes liked reviews review group page tutorial marketplace posted uses customers clients ads found \
        avis groupe capture tuto clients recu отзывы группа группе скриншот увидела нашла нашел клиенты страница странице broken down saw seen ad ads advert advertising post posts posted story stories \
        vu vue annonce publicite pub publication \
        видел видела видели реклама рекламу рекламе рекламы пост посты сломался сломалось завис упал реклам груз грузом сено сеном колесо колеса"),
    (Roles::INTRO, "пользователь юзер ищи user compte sous under as как под m im suis est cest its я это for add ajoutez ищите добавьте добавь ping dm найди search cherche signe маякни"),
    (Roles::PICTURE, "photo photos picture pictures pic pics video videos фото фотку фотки видео"),
    (Roles::PART, "whats what watts wats tele телег теле вотс ватс вайб vi snap insta инста face фейс livre tik тик linked avion paper blue \
        бумажный бумажном v"),
    (Roles::NOT, "don dont not never no ne pas jamais не нет никогда без without doesn didn won isn aren"),
    (Roles::TLD, "ком ру рф орг инфо кз уа бел бай сом нет ся са com ru net org info ca fr biz io ua kz by qc quebec рус"),
    (Roles::COMMON, "support everyone everybody team equipe broken dead slow empty hacked full flour hour hours floor sour fine line nice fire hire tree there net seat sever severe once none sick tan ton tin tent test treads \
        окно окна окон дверь двери ok ок quand des que pret dispo semaine grosse donc alors aussi juste vite moment photos go го \
        the a an and or of to in on at is it its be by for from with re ve ll t d m s as are was were will would can could should may might must do does did done have has \
        had i you he she we they me him her us them my your our their this that these those there here not no yes ok okay if then than so but all any each \
        more most very just only also too now when where what who how why which up down out off over under again still already about after before into \
        work works working free busy available today tomorrow tonight monday tuesday wednesday thursday friday saturday sunday look looking meet meeting \
        see call email mail message messages phone number text send sent contact please thanks thank hi hello good great nice new old better best same one two full \
        arrive arrived arriving start starts price total cost home work place time once least look everything nothing something works broken fine sure \
        website site page link down slow fast blocked banned deleted offline online empty useless better cheaper app account whenever anytime anyway instead tonight soon later maybe about regarding directly because before always never exactly really \
        discard discards passenger messages drawings pictures photos details measurements quote invoice plans info question questions tomorrow morning evening afternoon weekend \
        le la les un une des du de et ou a au aux en dans sur sous avec pour par pas plus tres que qui quoi est sont etait sera c ce cet cette ces il elle on nous \
        vous ils elles je tu me te se moi toi mon ton son ma ta sa mes tes ses notre votre leur oui non bon bonne bien merci bonjour salut ici la demain \
        aujourd tout tous toute toutes fait faire peut peux etre avoir ai as ont avez chez seulement disponible adresse courriel numero \
        и в во на с со к о об от до из за по у не ни но да нет а или что как так это все всё я ты он она оно мы вы они меня тебя его ее нас вас их мой твой наш \
        ваш мне тебе ему ей нам вам им там тут здесь где когда если то же бы ли уже еще очень только тоже для при без под над после перед можно нужно надо \
        есть был была было были будет буду хорошо плохо спасибо привет здравствуйте пожалуйста сегодня завтра вчера сейчас потом цена номер почта телефон сайт \
        работает лучше хуже удобнее быстрее пишет писал заблокирован завис упал не бесплатно свободен занят"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_words() {
        assert!(roles("telegram").has(Roles::MESSENGER));
        assert!(roles("телеграмме").has(Roles::MESSENGER));
        assert!(roles("вотсапом").has(Roles::MESSENGER));
        assert!(roles("яндексе").has(Roles::PROVIDER));
        assert!(roles("at").has(Roles::AT_WORD) && roles("at").has(Roles::COMMON));
        assert!(roles("шкаф").is_empty());
    }
}
