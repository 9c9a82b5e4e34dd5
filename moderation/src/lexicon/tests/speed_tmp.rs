use super::*;
#[test]
fn speed_tmp() {
    let t = std::time::Instant::now();
    let lexicon = built_in();
    data::built_in();
    println!("build {:?}", t.elapsed());
    for text in [
        "Hello, I can come on Monday at 9 to measure the kitchen, the price is 450 plus tax for the whole job, please send me the photos of the wall and floor",
        "Здравствуйте, могу приехать в понедельник в 9 утра замерить кухню, цена 450 плюс налог за всю работу, пришлите фото стены и пола, спасибо большое вам",
        "Bonjour, je peux passer lundi à 9h mesurer la cuisine, le prix est de 450 plus taxes pour le tout, envoyez-moi les photos du mur et du plancher svp",
    ] {
        let read = Text::read(text);
        let mut out = Vec::new();
        for _ in 0..1000 {
            lexicon.find(&read, &mut out);
        }
        let t = std::time::Instant::now();
        for _ in 0..20000 {
            lexicon.find(&read, &mut out);
        }
        println!("{:?} {}", t.elapsed() / 20000, out.len());
    }
    for part in
        ["f*ck ", "i will kill you ", "f u c k ", "aaa", "you ", "f.u.c.k-", "п***ц ", "je vais te ", "а-", "fu**ck"]
    {
        let text = part.repeat(4096 / part.len());
        let read = Text::read(&text);
        let mut out = Vec::new();
        let t = std::time::Instant::now();
        lexicon.find(&read, &mut out);
        println!("{part:?} {:?}", t.elapsed());
    }
}
