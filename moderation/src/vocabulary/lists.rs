//! The words, by what they can be.

use super::Roles;

/// The lists. A star: the word takes endings.
#[rustfmt::skip]
pub(super) const LISTS: &[(Roles, &str)] = &[
    (Roles::DOT, "dot dott doot d0t point poin pnt pt pont ponto точк точька тчка точка точкой точку тчк точкаа tochka"),
    (Roles::AT, "arobase arobas arrobase arobaz arobasse собака собачка собакой собачкой собаку собачку сабака собак sobaka sobachka \
        собаке гав ат эт этт at-sign atsign"),
    (Roles::AT_WORD, "at commercial chez"),
    (Roles::JOINT, "underscore underline dash hyphen tiret tiretbas подчеркивание подчерк нижнее подчеркиванием дефис тире андерскор soulignement souligne bas"),
    (Roles::PROVIDER, "gmail gmaill gmal gmial gmai1 gmeil gmaii jmail googlemail yahoo hotmail hotmal outlook icloud protonmail videotron sympatico \
        laposte wanadoo yandex rambler gmx zoho aol msn mailru gmailcom \
        джимейл* джимэйл* джимеил* гмейл* гмайл* гмаил* гмэйл* жмейл* жимейл* мэйлру яндекс* рамблер* яху хотмейл* аутлук* айклауд* инбокс*"),
    (Roles::PROVIDER_WORD, "mail live free orange bell rogers telus shaw sfr inbox list bk ya proton me мейл* мэйл* маил* майл* протон*"),
    (Roles::MESSENGER, "msgr tgram вотсапчик* ватсапчик* вайберок вайберке whatsapp whatsap whatsup whatsaap watsapp watsap wattsapp whatsappp whtsapp whatapp wapp whattsapp wazap wazzap whatssapp \
        telegram telegramm telegrm telegam telgram tlgrm telega telegramme telegrame viber vibe viberr wiber \
        skype skyp wechat weixin kakaotalk messenger fbmessenger imessage facetime discord threema kakao icq messanger messeger wassap wassapp wazzup watsup \
        вотсап* вотсапп* ватсап* ватсапп* ватцап* вацап* воцап* вотцап* васап* уотсап* уатсап* вотс* ватс* вотзап* ватзап* вацапп* \
        телеграм* телеграмм* телеграмчик* телеграмик* \
        вайбер* вибер* вайпер* скайп* дискорд* вичат* в3бер максмессенджер* мессенджер* месенджер* мессинджер* аська тилиграм* вастап* тримa"),
    (Roles::MESSENGER_WORD, "whats disc dc mess вац самолетик самолетике самолетиком wa wsp wap tg tgm tele telegr signal line slack telegraf дс вц ва тг тгшк* тлг сигнал* вайб* kik imo имо vibes телега телеге телегу телеги телегой discorde wu"),
    (Roles::SAME, "same unchanged kept recognise recognize nickname nick name named names called username \
        meme pareil pseudo nom prenom reconnaitrez reconnaitras reconnais appelle connais connaissez identique \
        имя имени именем имен имена зовут ник ника ником аватарка аватарке узнаете узнаешь прежний прежнее прежняя название фамилии фамилия фамилией \
        подписан подписана отличается поменялось менялся меняется никнейм тезка логотипу логотипом \
        названием называемся называюсь surnom listed inscrit inscrite"),
    (Roles::SOCIAL, "мордокниг* одноклы одноклах вконтач* контач* инстач* instagram instagr instagrm insta instag facebook facebok fbook linkedin tiktok twitter vkontakte snapchat snapchatt nextdoor youtube снапчат* ютуб* facebouk feicebouk odnoklassniki pinterest \
        инстаграм* инстаграмм* инста инсте инсту инсты инстой инстик* инстаграме фейсбук* фэйсбук* фейсбок* фесбук* вконтакте вконтакт* контактик* тикток* твиттер* твитер* одноклассник* линкедин*"),
    (Roles::SOCIAL_WORD, "li yt gram фейс ig fb vk face вк фб ин инст однокл x snap sc tt тт контакте"),
    (Roles::INVITE, "write text message msg ping dm pm add find contact reach hit call join move switch continue chat talk reply hmu send drop shoot hop \
        come go let lets search catch answer answers respond prefer better easier faster whats drop reachable dming \
        ecris ecrivez ecrire ecrit contacte contactez contacter ajoute ajoutez ajouter trouvez retrouve retrouvez rejoins rejoignez joins joignez \
        joindre parle parlons parler passe passons passer continue continuons discuter discutons discute texte textez texter cherche cherchez envoie envoyez \
        envoyer prefere найти appelle appelez appel созвонимся созвонится jase jasons jaser reponds repond va mieux quoi mp dm signe viens venez fais compte user usager \
        пиши пишите напиши напишите напишу писать написать добавь добавьте добавляй добавляйте добавляйся найди найдите ищи ищите звони звоните позвони \
        позвоните набери наберите скинь скиньте кинь киньте скину кину пришли пришлите перейдем переходи переходите перейти перейдемте пойдем пошли давай давайте \
        спишемся свяжись свяжитесь связаться связь свяжемся отвечаю отвечу отвечаем отвечают добавлю добавим лучше удобнее быстрее кидай юзер пользователь личку лс общаться общаемся пообщаемся стучи стучись стукни маякни маякните отпиши отпишись черкни \
        подпишись подпишитесь продолжим жду ответь ответьте отвечу контакт контакты обсудим договоримся поговорим пообщаться доступен го айда \
        quicker ease catch carry aise joignable sautons saute poursuit poursuivons poursuivre attends reparle reparlons rest reste tapez tape type demandez \
        спокойнее проще комфортнее догоняй догоняйте заходи заходите заходим остальное вбейте вбей туда легче найдете найдешь ищете прыгаем прыгай прыгайте перескочим загляни загляните \
        приходите торговаться договариваться reachable attrape attrapez"),
    (Roles::NICK, "nick nickname handle username user login id account acct pseudo pseudonyme identifiant compte profil profile name nom \
        ник ником ника никнейм логин логином юзернейм юзер аккаунт акк айди профиль имя имени"),
    (Roles::MAIL, "email mail e-mail emails courriel couriel mel adresse address gmail почта почту почте почты емейл имейл имэйл мыло мыла мылу емайл емаил мейл мэйл mailto"),
    (Roles::SITE, "site website web www http https hxxp hxxps url link page webpage сайт* ссылк* страниц* домен* адрес* lien siteweb url blog portfolio портфолио blogue visit visitez"),
    (Roles::MINE, "my me mine mon ma mes moi m мой моя мое мои моего моем моему меня мне мну мной us nous notre нас наш нам our i je j я"),
    (Roles::YOURS, "your ur ton votre vos твой твоя твою твоего твоем ваш ваша вашу вашего вашем свой свою своя"),
    (Roles::USE, "use using utilises utilisez utilise пользуетесь пользуешься пользуетес сидите сидишь"),
    (Roles::VIA, "on in via over through by to at using into onto sur par dans avec en vers a au le la l в во на через по к с под из the my your mon ton votre мой твой ваш или or ou d"),
    (Roles::IS, "is s are it its as under est c cest sous это есть такой как вот под мой там here ici будет"),
    (Roles::APP, "app apps application appli applications messenger messager messagerie приложение приложения приложении приложуху приложуха мессенджер мессенджере мессенджера месенджер"),
    (Roles::COLOUR, "bird camera plane avion avions самолетик самолетиком самолет green blue purple verte vert bleu bleue mauve violet violette зеленый зеленом зеленая зеленого зеленое зеленой зеленую зеленка синий синем синего голубой голубом фиолетовый фиолетовом фиолетовая фиолетовой"),
    (Roles::TALK, "fix repair recover hacked hack followers server bot bots logo design experience brand clone integration reparer pirate gestion бот бота взломали раскрутить подписчиков \
        he she they client customer sister brother wife husband daughter friend neighbour neighbor он она они клиент клиентка жена муж сосед соседка дочь друг подруга \
        elle ils fille femme mari voisin voisine got received watched screenshot likes liked reviews review group page tutorial marketplace posted uses customers clients ads found \
        avis groupe capture tuto clients recu отзывы группа группе скриншот увидела нашла нашел клиенты страница странице broken down saw seen ad ads advert advertising post posts posted story stories \
        vu vue annonce publicite pub publication \
        видел видела видели реклама рекламу рекламе рекламы пост посты сломался сломалось завис упал реклам груз грузом сено сеном колесо колеса"),
    (Roles::INTRO, "пользователь юзер ищи user compte sous under as как под m im suis est cest its я это for add ajoutez ищите добавьте добавь ping dm найди search cherche signe маякни"),
    (Roles::PICTURE, "photo photos picture pictures pic pics video videos фото фотку фотки видео"),
    (Roles::PART, "whats what watts wats tele телег теле вотс ватс вайб vi snap insta инста face фейс livre tik тик linked avion paper blue petit синий в \
        бумажный бумажном v"),
    (Roles::NOT, "don dont not never no ne pas jamais не нет никогда без without doesn didn won isn aren"),
    (Roles::TLD, "ком ру рф орг инфо кз уа бел бай сом нет ся са com ru net org info ca fr biz io ua kz by qc quebec рус"),
    (Roles::COMMON, "vibre support everyone everybody team equipe broken dead slow empty hacked full flour hour hours floor sour fine line nice fire hire tree there net seat sever severe once none sick tan ton tin tent test treads \
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
