/** The page's only code: it hides what does not hold the text in the filter box, and opens what it finds. */
export const script = `
const box=document.getElementById('filter'),sections=[...document.querySelectorAll('section')],texts=new WeakMap();
const textOf=e=>{let t=texts.get(e);if(t===undefined){t=e.textContent.toLowerCase();texts.set(e,t)}return t};
const opened=new Set();
function apply(){
  const words=box.value.toLowerCase().split(/\\s+/).filter(w=>w!=='');
  const hits=e=>words.every(w=>textOf(e).includes(w));
  for(const d of opened)d.open=false;
  opened.clear();
  document.body.classList.toggle('filtering',words.length>0);
  for(const s of sections){
    let found=0;
    for(const e of s.querySelectorAll('.f')){
      const owner=e.parentElement.closest('.f');
      const shown=words.length===0||hits(e)||(owner!==null&&!owner.classList.contains('hidden')&&words.every(w=>(owner.querySelector('summary')?.textContent??'').toLowerCase().includes(w)));
      e.classList.toggle('hidden',!shown);
      if(shown)found++;
      if(shown&&words.length>0&&e.matches('details')&&!e.open){e.open=true;opened.add(e)}
    }
    const empty=words.length>0&&found===0;
    const part=s.querySelector('details');
    if(words.length>0&&found>0&&!part.open){part.open=true;opened.add(part)}
    s.classList.toggle('hidden',empty);
    document.querySelector('nav a[href="#'+s.id+'"]')?.classList.toggle('empty',empty);
  }
}
let timer;
box.addEventListener('input',()=>{clearTimeout(timer);timer=setTimeout(apply,80)});
addEventListener('keydown',e=>{
  if(e.key==='/'&&e.target!==box){e.preventDefault();box.focus();box.select()}
  if(e.key==='Escape'&&e.target===box){box.value='';apply();box.blur()}
});
document.getElementById('fold').addEventListener('click',()=>{
  const all=[...document.querySelectorAll('section>details')],open=all.some(d=>!d.open);
  for(const d of all)d.open=open;
});
function reveal(){
  const target=document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for(let e=target;e;e=e.parentElement)if(e.matches('details'))e.open=true;
  target?.scrollIntoView();
}
addEventListener('hashchange',reveal);
if(location.hash!=='')reveal();
`
