/** Stored secrets, in Korean. */

import type { secrets as english } from "../en/secrets.ts";

const n = (count: number) => count.toLocaleString("ko");

export const secrets: typeof english = {
  project: "이 프로젝트를 위해 봉인해 보관하며 다시 보여 주지 않습니다. 설정에서 고른 것만 빌드나 컨테이너가 받습니다.",
  everywhere: "모든 프로젝트가 고를 수 있습니다. 프로젝트에 같은 이름의 비밀이 있으면 그것을 씁니다.",
  none: "아직 비밀이 없습니다",
  noneLead: "여기에서 하나씩 넣거나, .env 파일을 통째로 붙여 넣거나, 값이 남에게 보이지 않는 명령을 쓰세요:",
  add: "비밀 넣기",
  name: "이름",
  fingerprint: "지문",
  fingerprintHelp: "값이 같으면 지문도 같습니다.",
  setAt: "넣은 때",
  usedBy: "쓰는 곳",
  build: "빌드",
  runtime: "실행",
  nobody: "아직 없음",
  choose: "설정에서 고르기",
  replace: "바꾸기",
  replaceTitle: (name) => `${name} 바꾸기`,
  saved: (name) => `${name}을(를) 넣었습니다. 다음 빌드나 배포부터 적용됩니다.`,
  remove: "삭제",
  removeAsk: (name) => `${name}을(를) 삭제할까요?`,
  removeWhat: (used) =>
    used.length
      ? `값을 되돌릴 수 없습니다. ${used.join(", ")}에서 골라 두었으므로, 같은 이름의 다른 비밀이 없으면 다음 빌드가 실패합니다.`
      : "값을 되돌릴 수 없습니다. 고른 곳은 없습니다.",
  removeDo: "완전히 삭제",
  import: ".env 가져오기",
  importLead: "파일 내용을 붙여 넣으세요. 이 페이지에서 읽고 이름과 값만 보내며, 전부 봉인해 보관하거나 하나도 보관하지 않습니다.",
  importDo: (count) => `비밀 ${n(count)}개 보관`,
  imported: (count) => `비밀 ${n(count)}개를 넣었습니다.`,
  replaces: "바뀜",
  isNew: "새로",
  leftOut: (names) => `값이 없어 뺐습니다: ${names.join(", ")}.`,
  faults: {
    line: (line) => `${n(line)}번째 줄이 NAME=value도, 주석도, 빈 줄도 아닙니다.`,
    open: (line, name) => `${n(line)}번째 줄: ${name}의 값 앞 따옴표가 닫히지 않았습니다.`,
    behind: (line, name) => `${n(line)}번째 줄: ${name}의 닫는 따옴표 뒤에 무엇이 더 있습니다.`,
  },
  rotate: "열쇠 바꾸기",
  rotateLead: "모든 비밀은 데이터 디렉터리에 있는 열쇠 하나로 봉인합니다. 새 열쇠는 모두 다시 봉인하고 이전 열쇠를 잊습니다. 이전 열쇠가 노출되었을 수 있을 때 바꾸고, 새 열쇠를 백업하세요.",
  rotateAsk: "새 열쇠로 모두 다시 봉인할까요?",
  rotateWhat: "이전 백업의 값은 이전 열쇠로만 열리므로 그 열쇠를 함께 보관하세요. 그동안 멈추는 것은 없습니다.",
  rotated: (count) => `값 ${n(count)}개를 새 열쇠로 봉인했습니다.`,
  chooseNone: "아직 보관된 비밀이 없습니다.",
  ofAll: "모든 프로젝트",
  missing: "보관되어 있지 않음: 다음 빌드가 실패합니다",

  field: {
    secret_name: "이름",
    secret_nameHelp: "환경 변수의 이름이 됩니다: 영문자, 숫자, _.",
    secret_value: "값",
    secret_valueHelp: "여러 줄이어도 됩니다.",
    dotenv: "파일 내용",
    build_secrets: "빌드의 비밀",
    build_secretsHelp: ".env 파일처럼 쓰면 봉인해 보관하고 다시 보여 주지 않습니다. 값이 없으면 모든 프로젝트의 비밀을 씁니다.",
    runtime_secrets: "컨테이너의 비밀",
    runtime_secretsHelp: ".env 파일처럼 쓰면 봉인해 보관하고 다시 보여 주지 않습니다. 값이 없으면 모든 프로젝트의 비밀을 씁니다.",
  },
};
