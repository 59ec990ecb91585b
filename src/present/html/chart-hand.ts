import { escapeMarkup, Html, html } from './markup.js'

/**
 * What a hand does to a chart, in the page itself: a saved chart does it too. Pointing tells of the nearest mark, dragging
 * zooms, a double click shows all. It stands in an attribute, for front ends put HTML in place without running scripts in it.
 */
const hand = `
if(this.dataset.on)return;this.dataset.on=1;
var box=this,svg=box.querySelector('svg'),tip=box.querySelector('.cs-tip'),said=svg&&svg.dataset.x;if(!svg)return;
var ns='http://www.w3.org/2000/svg',all=said?said.split(' ').map(Number):[0,1,0,1],lo=all[0],hi=all[1],a=all[2],b=all[3],from=lo,to=hi;
var size=svg.viewBox.baseVal,each=function(s,f){Array.prototype.forEach.call(svg.querySelectorAll(s),f)};
var X=function(e){var r=svg.getBoundingClientRect();return(e.clientX-r.left)*size.width/r.width};
var Y=function(e){var r=svg.getBoundingClientRect();return(e.clientY-r.top)*size.height/r.height};
var value=function(p){return from+(p-a)*(to-from)/(b-a)},first=function(p){return lo+(p-a)*(hi-lo)/(b-a)};
var place=function(p){return a+(first(p)-from)*(b-a)/(to-from)};
var at=function(n){var m=/translate\\(([^,)]+)/.exec(n.getAttribute('transform')||'');return m?+m[1]:0};
var make=function(n,p){var m=document.createElementNS(ns,n);for(var k in p)m.setAttribute(k,p[k]);return m};
var told=[];each('title',function(t){var m=t.parentNode;told.push({mark:m,text:t.textContent});m.removeChild(t)});
var id='cs'+Math.random().toString(36).slice(2),clip=make('clipPath',{id:id});
clip.appendChild(make('rect',{x:Math.min(a,b)-4,y:0,width:Math.abs(b-a)+8,height:size.height}));svg.appendChild(clip);
var marks=[],texts=[],dots=[];
each('g[aria-label=line],g[aria-label=bar],g[aria-label=rect],g[aria-label=area]',function(g){marks.push(g)});
each('g[aria-label=dot]',function(g){Array.prototype.forEach.call(g.children,function(m){dots.push({mark:m,x:+m.getAttribute('cx')})})});
each('g[aria-label=text]',function(g){Array.prototype.forEach.call(g.children,function(m){texts.push({mark:m,x:at(m),rest:(m.getAttribute('transform')||'').replace(/^translate\\([^,]+/,'')})})});
each('g[aria-label=line],g[aria-label=bar],g[aria-label=rect],g[aria-label=area],g[aria-label=dot],g[aria-label=text]',function(g){var w=make('g',{'clip-path':'url(#'+id+')'});g.parentNode.insertBefore(w,g);w.appendChild(g);if(g.getAttribute('aria-label')=='text')w.removeAttribute('clip-path');
Array.prototype.forEach.call(g.children,function(m){m.setAttribute('vector-effect','non-scaling-stroke')})});
var tick=svg.querySelector('g[aria-label="x-axis tick"]'),label=svg.querySelector('g[aria-label="x-axis tick label"]');
var whole={tick:tick&&tick.innerHTML,label:label&&label.innerHTML};
var axis=function(){if(!tick||!label)return;if(from===lo&&to===hi){tick.innerHTML=whole.tick;label.innerHTML=whole.label;return}
var t=tick.children[0].cloneNode(true),l=label.children[0].cloneNode(true),base=/,([^)]+)/.exec(t.getAttribute('transform'))[1];
var raw=(to-from)/7,step=Math.pow(10,Math.floor(Math.log10(raw)));[2,2.5,2].forEach(function(f){if(step*f<=raw*1.01)step*=f});
tick.textContent='';label.textContent='';
for(var v=Math.ceil(from/step)*step;v<=to;v+=step){var p=a+(v-from)*(b-a)/(to-from),m=t.cloneNode(true),n=l.cloneNode(true);
m.setAttribute('transform','translate('+p+','+base+')');n.setAttribute('transform','translate('+p+','+base+')');n.textContent=+v.toPrecision(8);tick.appendChild(m);label.appendChild(n)}};
var draw=function(){var k=(hi-lo)/(to-from),d=place(0);var is=k===1&&d===0;
marks.forEach(function(g){if(is)g.removeAttribute('transform');else g.setAttribute('transform','translate('+d+',0) scale('+k+',1)')});
dots.forEach(function(m){m.mark.setAttribute('cx',place(m.x))});
texts.forEach(function(m){var p=place(m.x);m.mark.setAttribute('transform','translate('+p+m.rest);m.mark.style.display=p<Math.min(a,b)-2||p>Math.max(a,b)+2?'none':''});axis()};
var rule=make('line',{y1:0,y2:size.height,stroke:'currentColor','stroke-opacity':.3,'pointer-events':'none',visibility:'hidden'}),brush=make('rect',{y:0,height:size.height,fill:'currentColor','fill-opacity':.12,'pointer-events':'none',visibility:'hidden'});
svg.appendChild(rule);svg.appendChild(brush);
var start=null,moved=false,show=function(m,on){m.setAttribute('visibility',on?'visible':'hidden')};
var middle=function(m){var r=m.getBoundingClientRect(),s=svg.getBoundingClientRect();return{x:(r.left+r.width/2-s.left)*size.width/s.width,y:(r.top+r.height/2-s.top)*size.height/s.height,l:(r.left-s.left)*size.width/s.width,r:(r.right-s.left)*size.width/s.width,t:(r.top-s.top)*size.height/s.height,b:(r.bottom-s.top)*size.height/s.height}};
box.addEventListener('pointermove',function(e){var x=X(e),y=Y(e);
if(start!==null){if(Math.abs(x-start)>4)moved=true;if(moved){brush.setAttribute('x',Math.min(x,start));brush.setAttribute('width',Math.abs(x-start));show(brush,true)}return}
var best=null,near=40;told.forEach(function(m){var c=middle(m.mark),isBar=m.mark.tagName!='circle';if(c.x<Math.min(a,b)-3||c.l>Math.max(a,b)+3)return;
var d=isBar?(x>=c.l&&x<=c.r&&y>=c.t&&y<=c.b?0:99):Math.hypot((x-c.x),(y-c.y)*.4);if(d<near){near=d;best={m:m,c:c,isBar:isBar}}});
if(!best){tip.style.display='none';show(rule,false);return}
tip.textContent=best.m.text;tip.style.display='block';var r=svg.getBoundingClientRect(),w=box.getBoundingClientRect(),k=r.width/size.width;
var px=(best.isBar?x:best.c.x)*k+r.left-w.left;tip.style.left=Math.min(px+10,w.width-tip.offsetWidth-4)+'px';tip.style.top=Math.max(0,best.c.y*k-tip.offsetHeight-8+r.top-w.top)+'px';
rule.setAttribute('x1',best.isBar?x:best.c.x);rule.setAttribute('x2',best.isBar?x:best.c.x);show(rule,true)});
box.addEventListener('pointerleave',function(){tip.style.display='none';show(rule,false);if(start!==null){start=null;show(brush,false)}});
if(!said)return;
box.addEventListener('pointerdown',function(e){start=X(e);moved=false;e.preventDefault()});
box.addEventListener('pointerup',function(e){var x=X(e),p=Math.max(Math.min(a,b),Math.min(x,start)),q=Math.min(Math.max(a,b),Math.max(x,start));show(brush,false);
if(start!==null&&moved&&q-p>4){var f=value(p),t=value(q);from=f;to=t;draw()}start=null});
box.addEventListener('dblclick',function(){from=lo;to=hi;draw()});`

const inOneLine = hand.replaceAll('\n', '')

/** A chart that a hand can look into: whoever shows it puts it into a page with `framed`. */
export function handled(chart: Html): Html {
  const zooms = chart.text.includes('data-x="')
  const help = zooms
    ? html`<div class="d" style="font-size:11px">drag to zoom, double click to see all</div>`
    : undefined
  return html`<div class="chart" onpointerenter="${new Html(escapeMarkup(inOneLine))}">${chart}<div class="cs-tip"></div></div>${help}`
}

/**
 * A chart as a file of its own: for viewers that show pictures only, in grey that can be read on light and on dark ground.
 * Undefined of HTML that has none, or several.
 */
export function pictureOf({ text }: Html, title?: string): string | undefined {
  const [svg, second] = text.match(/<svg\b.*?<\/svg>/gs) ?? []
  if (svg === undefined || second !== undefined) return undefined
  const still = svg.replace(/ (?:data-\w+|onclick)="[^"]*"/g, '').replaceAll('&nbsp;', '&#160;')
  const size = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(still)
  const grey = still.replace(/color:currentColor/, `color:${readable}`)
  if (title === undefined || size === null) return grey
  const [, width, height] = size
  const taller = Number(height) + headHeight
  return grey
    .replace(size[0], `viewBox="0 ${-headHeight} ${width} ${taller}"`)
    .replace(/ height="[\d.]+"/, ` height="${taller}"`)
    .replace(
      /<\/svg>$/,
      html`<text y="-8" text-anchor="start" font-size="13" font-weight="600">${title}</text></svg>`.text,
    )
}

const readable = '#7d8590'
const headHeight = 24
