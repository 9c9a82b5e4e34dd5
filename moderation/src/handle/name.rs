//! Names of people as they make handles: "jmartin", "ivanpetrov", "fasadbylena".

use std::sync::LazyLock;

use rustc_hash::FxHashSet as HashSet;

/// The fewest and most letters of a handle that is made of names.
const HANDLE_MIN: usize = 6;
const HANDLE_MAX: usize = 30;
/// The longest given name and surname on the lists.
const GIVEN_MAX: usize = 12;
/// The fewest letters of a surname behind one or two initials, and of one that only its ending tells.
const BEHIND_INITIALS_MIN: usize = 5;
const ENDED_MIN: usize = 5;

/// Whether a word in small letters is a given name.
pub(crate) fn is_given(word: &str) -> bool {
    NAMES.given.contains(word)
}

/// Whether a word in small Latin letters is made of names, and of nothing else that a word would be.
pub(crate) fn is_personal(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if !(HANDLE_MIN..=HANDLE_MAX).contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return false;
    }
    let named = (3..=GIVEN_MAX.min(word.len() - 3)).any(|len| is_given(&word[..len]) && is_behind_given(&word[len..]));
    let initials = (1..=2).any(|len| {
        let rest = &word[len..];
        rest.len() >= BEHIND_INITIALS_MIN && NAMES.surnames.contains(rest)
    });
    let signed = || {
        let starts = word.match_indices("by").map(|(at, by)| at + by.len());
        starts.filter(|at| *at > 4).any(|at| is_given(&word[at..]))
    };
    let reversed = || {
        (3..=GIVEN_MAX.min(word.len() - 4)).any(|len| {
            let (surname, given) = word.split_at(word.len() - len);
            is_given(given) && (NAMES.surnames.contains(surname) || has_surname_ending(surname))
        })
    };
    named || initials || signed() || reversed()
}

fn is_behind_given(rest: &str) -> bool {
    is_given(rest) || NAMES.surnames.contains(rest) || has_surname_ending(rest)
}

/// A surname of Russian or Ukrainian form.
fn has_surname_ending(rest: &str) -> bool {
    const ENDINGS: &[&str] = &["ov", "ova", "ev", "eva", "enko", "sky", "skiy", "skaya"];
    rest.len() >= ENDED_MIN && ENDINGS.iter().any(|ending| rest.ends_with(ending))
}

struct Names {
    given: HashSet<&'static str>,
    surnames: HashSet<&'static str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| Names {
    given: GIVEN.split_whitespace().collect(),
    surnames: SURNAMES.split_whitespace().collect(),
});

/// Frequent given names in Canada, France and Russia, in Latin letters.
const GIVEN: &str = "\
    mike michael john james rob robert david will william rick richard joseph tom thomas chris christopher dan daniel paul mark george \
    steve steven stephen kevin brian edward jason jeff ryan jacob gary nick nicholas eric jonathan larry justin scott brandon ben \
    benjamin sam samuel greg frank alex alexander patrick raymond jack dennis jerry tyler aaron jose adam nathan henry doug zach \
    peter kyle ethan walter jeremy sean joe mary patricia jennifer linda elizabeth barbara susan jessica sarah karen nancy lisa betty \
    sandra ashley emily kim donna michelle carol amanda melissa deborah stephanie rebecca laura sharon cynthia kathleen amy angela anna \
    emma nicole helen samantha katherine christine rachel julia maria priya raj jen kate megan olivia sophia hannah matt matthew tony \
    anthony andrew andy josh joshua luke dave phil philip wendy tina debbie diane janet \
    jean pierre michel andre philippe rene louis alain jacques bernard marcel roger claude christian henri francois luc marc yves guy \
    gilles denis sylvain stephane martin mathieu mathis simon antoine nicolas julien maxime alexandre guillaume vincent olivier sebastien \
    benoit pascal serge normand rejean samir karim mohamed ahmed ali hassan omar marie sophie julie isabelle nathalie manon audrey \
    melanie caroline annie chantal sylvie valerie genevieve catherine veronique camille lea chloe emilie lucie claire aline jerome \
    gabriel raphael felix xavier hugo etienne josee ginette lise sylvia \
    ivan aleksandr alexey aleksey sergey sergei andrey andrei dmitry dmitri dmitriy dima mikhail misha nikolay nikolai nikita maxim \
    maksim pavel pasha roman igor oleg vladimir vova viktor victor yuri yuriy anton artem artyom evgeny evgeniy zhenya kirill \
    konstantin kostya ilya egor timur ruslan aidar vadim stas stanislav vitaly vitaliy vlad vladislav boris grigory gleb fedor stepan \
    anya masha elena lena olga olya natalia natalya natasha tatiana tatyana tanya irina ira ekaterina katya svetlana sveta yulia yulya \
    ksenia oksana galina nina vera daria darya dasha alina polina marina larisa lyudmila";

/// Frequent surnames in the same countries; those of Russian form are known by their endings as well.
const SURNAMES: &str = "\
    tremblay gagnon cote bouchard gauthier morin lavoie fortin gagne ouellet ouellette pelletier belanger levesque bergeron leblanc \
    paquette girard simard boucher caron beaulieu cloutier poirier fournier lapointe leclerc lefebvre poulin thibault lemieux nadeau \
    desjardins landry martel bedard grenier lessard bernier richard michaud hebert desrosiers martin bernard dubois thomas robert durand \
    leroy moreau laurent garcia bertrand morel lefevre mercier dupont lambert bonnet martinez legrand garnier faure rousseau guerin \
    muller roussel nicolas perrin simon petit roux vincent blais demers gosselin savard turcotte villeneuve deschamps lacroix \
    smith johnson williams brown jones miller davis wilson anderson taylor moore jackson harris thompson clark lewis robinson walker \
    allen wright scott baker adams nelson hill campbell mitchell roberts carter phillips evans turner parker collins edwards stewart \
    morris murphy rogers cooper bailey kelly howard peterson gray bennett ross wong chen singh patel nguyen khan macdonald mcdonald \
    reno reid graham fraser hughes kowalski kumar sharma \
    ivanov ivanova petrov petrova smirnov smirnova popov popova volkov volkova belov belova orlov orlova pavlov kozlov novikov morozov \
    zaitsev sokolov lebedev kuznetsov romanov nikitin sorokin fomin";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_names() {
        for word in [
            "jmartin",
            "ivanpetrov",
            "fasadbylena",
            "samirgirard",
            "manongauthier",
            "mtremblay",
            "mikereno",
            "petrovivan",
        ] {
            assert!(is_personal(word), "{word}");
        }
        for word in [
            "marketing",
            "channel",
            "martin",
            "jeanpants",
            "annual",
            "romantic",
            "standby",
            "photos",
            "maximum",
            "markers",
        ] {
            assert!(!is_personal(word), "{word}");
        }
    }
}
