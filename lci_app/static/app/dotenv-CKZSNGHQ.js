var e=/[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/y,t={'"':/"((?:[^"\\]|\\[^])*)"/y,"'":/'([^']*)'/y},n=/[ \t]*(?:#[^\n]*)?(?:\n|$)/y,r=/(?:^|[ \t])#.*$/,i={n:`
`,r:`\r`,t:`	`};function a(t){let n=t.replace(/^\ufeff/,``).replaceAll(`\r
`,`
`),r={};for(let t=0;t<n.length;){let i=n.indexOf(`
`,t),a=i<0?n.length:i,c=n.slice(t,a).trim();if(!c||c.startsWith(`#`)){t=a+1;continue}let l=n.slice(0,t).split(`
`).length,u=s(e,n,t),d=u?.[1]??``;if(!u)return{values:null,fault:{kind:`line`,line:l,name:d}};let f=o(n,t+u[0].length,a);if(typeof f==`string`)return{values:null,fault:{kind:f,line:l,name:d}};[r[d],t]=f}return{values:r,fault:null}}function o(e,a,o){let c=e[a]??``,l=t[c];if(!l)return[e.slice(a,o).replace(r,``).trim(),o+1];let u=s(l,e,a);if(!u)return`open`;let d=a+u[0].length,f=s(n,e,d);if(!f)return`behind`;let p=u[1]??``;return[c===`"`?p.replace(/\\([^])/g,(e,t)=>i[t]??t):p,d+f[0].length]}function s(e,t,n){return e.lastIndex=n,e.exec(t)}export{a as t};