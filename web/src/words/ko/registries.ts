/** Logins to registries of images, in Korean. */

import type { registries as english } from "../en/registries.ts";

export const registries: typeof english = {
  lead: "lci가 모든 프로젝트의 비공개 이미지를 내려받을 때 씁니다. 비밀번호는 봉인해 보관하며 다시 보여 주지 않습니다.",
  none: "아직 로그인 정보가 없습니다",
  noneLead: "공개 이미지에는 필요 없습니다. 읽기만 할 수 있는 것을 넣거나, 비밀번호가 남에게 보이지 않는 명령을 쓰세요:",
  add: "로그인 정보 넣기",
  registry: "레지스트리",
  username: "사용자 이름",
  usedBy: "쓰는 곳",
  nobody: "설정에서 쓰는 프로젝트 없음",
  setAt: "넣은 때",
  replace: "바꾸기",
  replaceTitle: (host) => `${host} 로그인 정보 바꾸기`,
  saved: (host) => `${host} 로그인 정보를 넣었습니다. 다음에 내려받는 이미지부터 적용됩니다.`,
  remove: "삭제",
  removeAsk: (host) => `${host} 로그인 정보를 삭제할까요?`,
  removeWhat: (username, used) =>
    `${username}의 비밀번호를 되돌릴 수 없습니다.${used.length ? ` ${used.join(", ")}의 이미지가 그곳에 있습니다. 서버의 docker login이 열어 주지 않으면 비공개 이미지를 더는 내려받지 못합니다.` : " 설정에서 그곳의 이미지를 쓰는 프로젝트는 없습니다."}`,
  removeDo: "완전히 삭제",

  field: {
    registry_host: "레지스트리",
    registry_hostHelp: "이미지 이름에 쓰는 호스트입니다: ghcr.io, registry.example:5000. Docker Hub는 docker.io입니다.",
    registry_username: "사용자 이름",
    registry_password: "비밀번호 또는 토큰",
    registry_passwordHelp: "읽기만 할 수 있는 토큰이 좋습니다. 프로젝트에 푸시할 수 있는 사람은 이것으로 열리는 모든 이미지를 쓸 수 있습니다.",
  },
};
