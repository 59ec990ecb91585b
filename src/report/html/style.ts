/** The page's style: one column of text beside a list of its parts, light or dark as the reader's system is. */
export const style = `
:root{color-scheme:light dark;--bg:#fbfbfa;--panel:#fff;--text:#1d2127;--dim:#667080;--line:#dfe3e8;--accent:#0b62c4;--bad:#b3261e;--bad-bg:#fdeceb;--odd:#8a5a00;--odd-bg:#fdf4e0;--good:#217a3c;--hit:#fff3b0;--mono:ui-monospace,SFMono-Regular,"DejaVu Sans Mono",Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){:root{--bg:#14171b;--panel:#1b1f25;--text:#dde2e8;--dim:#8f9aa8;--line:#2d333c;--accent:#7ab4ff;--bad:#ff8a80;--bad-bg:#3a1c1b;--odd:#f2c063;--odd-bg:#362a12;--good:#74d18f;--hit:#4a4210}}
*{box-sizing:border-box}
html{scroll-padding-top:4.2rem}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
header{position:sticky;top:0;z-index:2;display:flex;gap:1rem;align-items:center;padding:.6rem 1.2rem;background:var(--panel);border-bottom:1px solid var(--line)}
header h1{font-size:1.05rem;margin:0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header .about{color:var(--dim);white-space:nowrap;overflow:hidden;text-overflow:ellipsis;flex:1}
header input{width:18rem;max-width:35vw;padding:.35rem .6rem;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:6px}
header button{padding:.35rem .7rem;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:6px;cursor:pointer}
.page{display:grid;grid-template-columns:13rem minmax(0,1fr);max-width:110rem;margin:0 auto}
nav{position:sticky;top:3.4rem;align-self:start;max-height:calc(100vh - 3.4rem);overflow:auto;padding:1rem 0 1rem 1.2rem}
nav a{display:flex;justify-content:space-between;gap:.5rem;padding:.15rem .6rem;border-radius:5px;color:inherit}
nav a:hover{background:var(--panel);text-decoration:none}nav .count{color:var(--dim);font-variant-numeric:tabular-nums}
nav a.partial .count{color:var(--odd)}nav a.unavailable .count{color:var(--bad)}nav a.empty{opacity:.35}
main{padding:1rem 1.2rem 6rem;min-width:0}
section>details{background:var(--panel);border:1px solid var(--line);border-radius:8px;margin-bottom:1rem}
section>details>summary{padding:.55rem 1rem;cursor:pointer;font-weight:600;list-style-position:inside}
section>details>summary h2{display:inline;font-size:1.05rem;margin:0}
section>details>.body{padding:0 1rem 1rem}
h3{font-size:.95rem;margin:1.1rem 0 .4rem}
.status{font-weight:400;font-size:.85rem;color:var(--dim);margin-left:.6rem}.status.partial{color:var(--odd)}.status.unavailable{color:var(--bad)}
.reasons{margin:.2rem 0 .8rem;padding:.5rem .8rem;border-radius:6px;background:var(--odd-bg);color:var(--odd)}
ul.story{list-style:none;margin:0;padding:0}ul.story li{padding:.35rem .8rem;border-left:3px solid var(--line);margin:.25rem 0}
ul.story li.trouble{border-color:var(--bad);background:var(--bad-bg)}ul.story li.notice{border-color:var(--odd);background:var(--odd-bg)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font:13px/1.45 var(--mono)}
th{position:sticky;top:0;text-align:left;font-weight:600;color:var(--dim);border-bottom:1px solid var(--line);padding:.2rem .9rem .2rem 0;white-space:nowrap}
td{padding:.12rem .9rem .12rem 0;vertical-align:top;white-space:nowrap;border-bottom:1px solid color-mix(in srgb,var(--line) 45%,transparent)}
td.r,th.r{text-align:right;font-variant-numeric:tabular-nums}td.wrap{white-space:normal;min-width:16rem}
tbody tr:hover{background:color-mix(in srgb,var(--accent) 7%,transparent)}
tr:target,details:target>summary{background:var(--hit)}
.none{color:var(--dim)}
dl{margin:0;font-size:.93rem}dl>div{display:grid;grid-template-columns:9rem minmax(0,1fr);gap:1rem;padding:.12rem 0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}.how{display:block;color:var(--dim);font-size:.82rem}
pre{font:13px/1.45 var(--mono);margin:.3rem 0;overflow-x:auto;white-space:pre}
details.item{border-top:1px solid var(--line)}details.item:first-of-type{border-top:0}
details.item>summary{cursor:pointer;padding:.28rem 0;font:13px/1.45 var(--mono);overflow-wrap:anywhere}
details.item>summary b{font-weight:600}details.item>summary .dim{color:var(--dim)}
details.item>.body{padding:.2rem 0 .7rem 1.1rem}
td details summary{cursor:pointer}td details pre{color:var(--dim)}
.more{color:var(--dim);margin:.4rem 0}.bad{color:var(--bad)}.odd{color:var(--odd)}
.badge{font:11px/1 var(--mono);padding:.15rem .35rem;border-radius:4px;border:1px solid currentColor;margin-right:.5rem}
.hidden,body.filtering .scroll:not(:has(tr.f:not(.hidden))),body.filtering h3:has(+.scroll):not(:has(+.scroll tr.f:not(.hidden))),body.filtering .more{display:none!important}
@media (max-width:60rem){.page{grid-template-columns:minmax(0,1fr)}nav{display:none}header .about{display:none}}
@media print{header input,header button,nav{display:none}.page{display:block}}
`
