/** An honest applicant: a name, where their mailbox is, and why they come, each in words of their own. */
export interface Person {
  username: string
  domain: string
  reason: string
}

/** Real-looking people: no two of them say the same, some are short, some write German, some sound like adverts. */
export const PEOPLE: Person[] = `
annika.holm | posteo.de | I run the bicycle kitchen on Thursdays and Jonas told me that you all moved here from Telegram.
b_okafor | gmail.com | Moving away from WhatsApp with my family, my sister has been on your server since spring.
carla-m | web.de | Ich bin über den Chaostreff auf euch gestoßen und suche einen Ort für unsere Planungsrunde.
d.whitlock | proton.me | Looking for a small server with real moderation. I read your rules and agree with them.
elif.kaya | gmx.de | Studiere Linguistik in Göttingen, wir wollen die Lesegruppe nicht mehr über Discord machen.
fenwick | fastmail.com | I maintain two small packages in Debian and the team's rooms are bridged to Matrix.
gosia.p | wp.pl | My cousin Marek is @marek here, he said I should write that I am learning Rust with him.
h.lindqvist | riseup.net | We organise the allotment association's newsletter and need somewhere to talk between meetings.
ines.alves | outlook.com | Portuguese teacher, interested in the language exchange room which I found through a poster.
jt.moreau | laposte.net | I left my former homeserver because it shuts down in March. I would like to keep my rooms.
kirsten | mailbox.org | Meine Tochter hat mir von euch erzählt. Ich möchte einfach mit ihr schreiben können.
liam.obrien | icloud.com | Volunteer with the mountain rescue, some of the others from the Thursday training are on Matrix.
mirela.s | yahoo.com | Found you on the list of joinmatrix servers. I mostly read the astronomy rooms.
noor.h | gmail.com | I'm a nurse on night shifts, I want one quiet place to talk with friends who have no Facebook.
o.bergmann | t-online.de | Wir sind ein Posaunenchor mit elf Leuten und wollen unsere Absprachen aus den Mails herausbekommen.
petra-v | seznam.cz | Hello, I translate open source software to Czech and need to reach the Weblate people.
quentin | free.fr | Bonjour, my English is not perfect. I come for the amateur radio room, my call sign is F4JZQ.
r.steiner | bluewin.ch | Ich betreibe selbst einen kleinen Server, der nur über IPv6 erreichbar ist, und brauche ein zweites Konto.
s.achterberg | disroot.org | I know two people from the repair café, and they keep talking about things I missed.
t.nakamura | gmail.com | I am writing my thesis about federated protocols and would like to see how one is used every day.
ursula.k | gmx.net | Bin 71 und habe mir das von meinem Enkel erklären lassen. Wir spielen Schach miteinander.
v.petrenko | tuta.io | Left home two years ago, part of my choir is still there and we only reach each other by Matrix.
wes.tanner | comcast.net | Retired electrician. I help people with old radios and the forum that we used is gone.
xenia.d | systemli.org | Für die Vorbereitung des Stadtteilfests, die Hälfte der Gruppe hat schon Konten bei euch.
y.benali | gmail.com | My student union decided to use Element and your server was recommended in our meeting.
zoltan | freenet.de | Suche Leute, die Bienen halten. Im Raum bei euch ist anscheinend am meisten los.
ada.wren | posteo.net | Please, I need an account for our housing cooperative: I take the minutes there.
bruno.t | libero.it | I collect fonts and one of your members, Silvia, invited me to the typography room.
c.ferreira | gmail.com | I play bass in a band where the drummer refuses anything else than Matrix.
dilan.y | outlook.de | Ich mache gerade eine Ausbildung zur Fachinformatikerin und möchte mit meiner Klasse üben.
ewa.zielinska | o2.pl | Reading group for science fiction, third Tuesday of the month. Two of us are missing an account.
f.odonnell | hotmail.com | I saw your talk at the library and promised to try this out before the next one.
greta.lund | proton.me | Privacy matters to me and I'd like to support smaller servers rather than the big one.
hakan.b | gmail.com | Wir reparieren alte Synthesizer und schicken uns Schaltpläne, bisher per Mail, das wird unübersichtlich.
isabel.r | yahoo.fr | I teach first aid courses. My colleagues have a room where they swap dates and rooms.
j.vandenberg | gmail.com | Bridged IRC user for fifteen years, now the bridge is gone and I need a proper account.
katya.m | mail.de | Ein Freund aus dem Kanuverein hat gesagt, dass man hier freundlich empfangen wird.
l.castellanos | gmail.com | Hello! I would love to join, my partner is on this server already (ask @noemi).
m.haugen | online.no | Working on open maps of hiking trails, the Norwegian mapping room seems to live with you.
n.forsythe | aol.com | I am blind and was told that this client works well with my screen reader.
olek | riseup.net | Antifascist football supporters, we want to move our ticket swaps off the big platforms.
p.rasmussen | gmail.com | I build weather stations and share the data; a mail list is too slow when it storms.
ruth.adeyemi | me.com | My church group uses a room on your server for the food bank rota, they sent me the link.
simone-w | mailbox.org | Wir sind zu dritt im Betriebsrat und möchten über Themen reden, die nicht in Teams gehören.
tomasz.k | gmail.com | Bought a phone with GrapheneOS, and Matrix is the only messenger all my friends agreed on.
u.demir | hochschule.example | Ich studiere hier Informatik, das Fachschaftsteam trifft sich in einem Raum auf eurem Server.
vera.l | hochschule.example | The seminar on distributed systems has its questions answered in a Matrix room this term.
will.hargreaves | gmail.com | Just curious about Matrix, my brother uses it at work and says that it is worth a try.
yara.c | outlook.com | I draw comics and a friend from the printing workshop opened a room for us last week.
zuri.n | yahoo.com | On mobile only at the moment. I look after the shared garden and need the watering plan.
`
  .trim()
  .split('\n')
  .map((line) => {
    const [username = '', domain = '', reason = ''] = line.split(' | ')
    return { username, domain, reason }
  })
