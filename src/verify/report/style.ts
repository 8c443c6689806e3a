/** The page's looks: system fonts, light and dark, a phone's width, paper. Nothing is loaded from anywhere. */
export const style = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#14181f;--quiet:#5b6472;--line:#e2e6ec;--good:#137a4b;--bad:#c2261d;--warn:#8a5a00;
--good-bg:#e5f5ec;--bad-bg:#fdeceb;--warn-bg:#fdf3dc;--p50:#2563c9;--p99:#b45c08;--max:#c2261d;--area:#8fb4ea;--band:#f3d9a4;--mark:#6b3fb8}
@media (prefers-color-scheme:dark){:root{--bg:#0f1217;--card:#171c23;--ink:#e8ecf2;--quiet:#9aa5b4;--line:#29313c;--good:#4fd08f;--bad:#ff7b72;--warn:#e9b64f;
--good-bg:#12301f;--bad-bg:#3b1917;--warn-bg:#33270c;--p50:#6ea8ff;--p99:#f0a050;--max:#ff7b72;--area:#2f5a95;--band:#4a3a17;--mark:#b695f5}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1120px;margin:0 auto;padding:24px 20px 48px}
.visually-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
h1{font-size:clamp(1.35rem,1rem + 1.8vw,2rem);line-height:1.25;margin:.2em 0 .4em;text-wrap:balance}
h2{font-size:1.15rem;margin:0 0 14px}
h3{font-size:1rem;margin:18px 0 8px}
p{margin:.3em 0}
.quiet,figcaption{color:var(--quiet);font-size:.875rem}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.verdict{border-radius:14px;padding:22px 26px 20px;border:1px solid;border-left-width:8px;margin-bottom:16px}
.verdict p{max-width:75ch}
.verdict .kicker{color:var(--quiet);font-size:.875rem;max-width:none;margin:0}
.verdict.proved{background:var(--good-bg);border-color:var(--good)}
.verdict.violated{background:var(--bad-bg);border-color:var(--bad)}
.verdict.unproved{background:var(--warn-bg);border-color:var(--warn)}
.badge{display:inline-block;font-size:.62em;letter-spacing:.02em;color:#fff;border-radius:999px;padding:.2em .75em;margin-right:.35em;vertical-align:.16em}
.proved .badge{background:#137a4b}.violated .badge{background:#b3261e}.unproved .badge{background:#8a5a00}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:10px;margin:0 0 16px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 14px}
.tile dt{font-size:.8rem;color:var(--quiet)}
.tile dd{margin:0}.tile b{display:block;font-size:1.5rem;line-height:1.25;font-weight:650}
.tile span{font-size:.78rem;color:var(--quiet);overflow-wrap:anywhere}
.tile.bad{border-color:var(--bad);background:var(--bad-bg)}.tile.bad b{color:var(--bad)}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:20px 22px;margin-bottom:16px}
.plot{margin:0 0 22px}.plot:last-child{margin-bottom:0}
.plot-body{position:relative;margin:4px 0 30px 52px}
.canvas{position:relative}
.canvas svg{display:block;width:100%;height:230px;overflow:visible}
#rate svg{height:140px}
.y-axis span{position:absolute;right:calc(100% + 8px);transform:translateY(50%);font-size:.75rem;color:var(--quiet);white-space:nowrap}
.x-axis{position:absolute;left:0;right:0;top:100%}
.x-axis span{position:absolute;top:6px;transform:translateX(-50%);font-size:.75rem;color:var(--quiet)}
.x-axis span:first-child{transform:none}.x-axis .last{transform:translateX(-100%)}
svg path{vector-effect:non-scaling-stroke}
.grid{stroke:var(--line);fill:none}.band{fill:var(--band);opacity:.75}
.band.many{opacity:.35}
.mark{stroke:var(--mark);stroke-dasharray:4 3;stroke-width:1.5;fill:none}
.line{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
.line.max{stroke:var(--max);stroke-width:1.25;opacity:.8}.line.p99{stroke:var(--p99)}.line.p50{stroke:var(--p50);stroke-width:2.25}
.area{fill:var(--area);opacity:.85}.bars{fill:var(--bad)}
.numbers a{position:absolute;top:0;min-width:1.5em;font-size:.7rem;line-height:1.5;text-align:center;padding:0 .3em;background:var(--card);border:1px solid var(--line);border-radius:0 0 6px 6px;color:var(--quiet);text-decoration:none}
#rate .numbers{display:none}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0 0 12px;padding:0;font-size:.85rem;color:var(--quiet)}
.key{display:inline-block;width:18px;height:3px;border-radius:2px;margin-right:7px;vertical-align:.25em}
.key.p50{background:var(--p50)}.key.p99{background:var(--p99)}.key.max{background:var(--max)}
.key.area,.key.band,.key.bars{height:12px;width:14px;vertical-align:-.1em}.key.area{background:var(--area)}.key.band{background:var(--band)}.key.bars{background:var(--bad)}
.key.mark{width:0;height:14px;border-left:2px dashed var(--mark);border-radius:0;vertical-align:-.15em;margin-left:4px}
.readout{position:absolute;top:8px;pointer-events:none;background:var(--ink);color:var(--bg);font-size:.75rem;line-height:1.45;padding:5px 9px;border-radius:7px;white-space:pre;z-index:2}
.cursor{position:absolute;top:0;bottom:0;width:1px;background:var(--quiet);pointer-events:none}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;font-weight:650;padding-bottom:6px}
th,td{text-align:left;padding:9px 12px 9px 0;border-top:1px solid var(--line);vertical-align:top;font-weight:400}
thead th{border-top:0;color:var(--quiet);font-size:.8rem;padding-top:0;vertical-align:bottom}
.number{text-align:right;white-space:nowrap}
.number+th{padding-left:12px}
td.number:last-child,th.number:last-child{padding-right:0}
td:not(.number){padding-left:12px}
thead th:not(.number):not(:first-child){padding-left:12px}
.plain td,.plain th{padding:6px 12px 6px 0}.plain td:not(.number){padding-left:0}
.plain .primary th{font-weight:650}
.did{display:block;color:var(--quiet);font-size:.85rem}
.failed{display:block;color:var(--warn);font-size:.85rem}
.attention{background:var(--warn-bg)}
tr:target{background:var(--good-bg)}
.pill{display:inline-block;font-size:.78rem;padding:.05em .6em;border-radius:999px;font-weight:600}
.pill.good{background:var(--good-bg)}.pill.bad{background:var(--bad-bg)}.pill.warn{background:var(--warn-bg)}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:20px 32px}
.anomalies ul,.checks,.failovers,.problems{list-style:none;margin:0;padding:0}
.anomalies li,.checks li{display:flex;gap:10px;align-items:baseline;padding:5px 0}
.checks .sign{font-weight:700}.checks li.good>span:last-child,.checks li.bad>span:last-child{color:var(--ink)}
.problems li{color:var(--bad);font-size:.875rem}
.failovers li{padding:8px 0;border-top:1px solid var(--line);break-inside:avoid}
.failovers li:first-child{border-top:0}
.failover-head{display:flex;gap:12px}.failover-head span:first-of-type{color:var(--quiet)}.failover-head .number{margin-left:auto;font-weight:650}
.track{height:8px;border-radius:4px;background:var(--bg);overflow:hidden;margin:4px 0}
.track i{display:block;height:100%;background:var(--mark);border-radius:4px}
.steps{font-size:.8rem;color:var(--quiet);display:flex;flex-wrap:wrap;gap:2px 14px}.steps b{color:var(--ink);font-weight:600}
pre{background:var(--bg);border:1px solid var(--line);border-radius:10px;padding:12px 14px;overflow-x:auto;font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:0 0 8px}
footer{color:var(--quiet);font-size:.8rem;text-align:center}
@media (max-width:360px){.tiles{grid-template-columns:repeat(2,1fr)!important}}
@media (max-width:700px){
main{padding:12px 10px 32px}section{padding:16px 14px}.verdict{padding:16px 16px 14px}
.tiles{grid-template-columns:repeat(3,1fr);gap:8px}.tile{padding:9px 10px}.tile b{font-size:1.25rem}
.plot-body{margin-left:44px}.canvas svg{height:190px}
.x-axis span:nth-child(even){display:none}
.cards thead{display:none}.cards,.cards tbody{display:block}
.cards tr{display:grid;grid-template-columns:1fr 1fr;gap:2px 14px;padding:12px 0;border-top:1px solid var(--line)}
.cards tr:first-child{border-top:0}
.cards th,.cards td,.cards td:not(.number){display:flex;justify-content:space-between;gap:8px;border:0;padding:0;text-align:right}
.cards th{grid-column:1/-1;display:block;text-align:left;padding-bottom:4px!important}
.cards td[data-label="#"]{display:none}.cards td[data-label=Errors],.cards td[data-label=Result]{grid-column:1/-1}
.cards td::before{content:attr(data-label);color:var(--quiet);font-size:.8rem;white-space:nowrap}
.attention{padding-inline:8px!important}
}
@media print{:root{--bg:#fff}body{font-size:11pt}main{max-width:none;padding:0}section,.verdict,.tile{break-inside:avoid;border-color:#999}
section:has(.cards){break-inside:auto}tr{break-inside:avoid}.band,.area,.key,.badge,.track,.pill,.verdict{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`
