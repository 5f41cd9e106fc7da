/** Letting the build of a fork's pull request run, in Korean. */

import type { approval as english } from "../en/approval.ts";

export const approval: typeof english = {
  title: "이 커밋은 승인을 기다립니다",
  lead: (who, number, branch) =>
    `${who || "누군가"}이(가) 포크에서 ${branch} 브랜치로 보낸 풀 리퀘스트 #${number}의 커밋입니다. 누군가 살펴보고 승인해야 이 서버에서 실행됩니다.`,
  commit: "커밋",
  changes: "바뀐 내용 보기",
  pull: (number) => `풀 리퀘스트 #${number}`,
  approve: "승인하고 빌드",
  ask: (commit) => `${commit} 커밋을 승인할까요?`,
  means: [
    "이 코드가 이 서버의 빌드 컨테이너에서 프로젝트의 제한에 따라 실행되며, 인터넷에 접속할 수 있습니다.",
    "비밀과 공유 캐시는 주지 않고, 설정은 대상 브랜치의 것을 쓰며, 절대 배포하지 않습니다.",
    "이 커밋만 승인합니다. 나중에 풀 리퀘스트에 올라온 커밋은 다시 승인을 기다립니다.",
  ],
  look: "빌드가 실행하는 것을 살펴보세요: 스크립트, 의존성과 설치 훅, 테스트, 워크플로 파일.",
  done: (commit) => `${commit} 커밋을 승인했습니다. 차례가 되면 빌드합니다.`,
};
