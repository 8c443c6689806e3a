import type { VerifyResult } from '../result.ts'
import { coarsen } from './buckets.ts'

/** An addition for who has JavaScript and a pointer: the values under it. The page says everything without. */
export function script({ series }: VerifyResult): string {
  const { bucketMs, p50, p99, max, answered, errors } = coarsen(series)
  const rounded = (values: readonly (number | null)[]): readonly (number | null)[] =>
    values.map((value) => (value === null ? null : Math.round(value * 10) / 10))
  const data = { bucketMs, p50: rounded(p50), p99: rounded(p99), max: rounded(max), answered, errors }
  // Numbers and null only: nothing in it can end the script.
  return `(()=>{const s=${JSON.stringify(data)},n=s.answered.length
if(!n)return
const ms=v=>v===null?'–':v<1000?v+' ms':(v/1000).toFixed(2)+' s'
const two=v=>String(v).padStart(2,'0')
for(const c of document.querySelectorAll('.canvas')){const r=document.createElement('div'),l=document.createElement('div')
r.className='readout';l.className='cursor';r.hidden=l.hidden=true;c.append(l,r)
c.addEventListener('pointermove',e=>{const b=c.getBoundingClientRect(),x=Math.min(Math.max(e.clientX-b.left,0),b.width-1),i=Math.floor(x/b.width*n),t=Math.floor(i*s.bucketMs/1000)
r.textContent=Math.floor(t/60)+':'+two(t%60)+'\\nhalf '+ms(s.p50[i])+'\\n99 of 100 '+ms(s.p99[i])+'\\nslowest '+ms(s.max[i])+'\\nanswered '+s.answered[i]+(s.errors[i]?'\\nerrors '+s.errors[i]:'')
r.hidden=l.hidden=false;l.style.left=x+'px';r.style.left=r.style.right='auto';if(x<b.width/2)r.style.left=x+12+'px';else r.style.right=b.width-x+12+'px'})
c.addEventListener('pointerleave',()=>{r.hidden=l.hidden=true})}})()`
}
