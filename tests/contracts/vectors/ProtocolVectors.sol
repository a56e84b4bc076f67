// SPDX-License-Identifier: MIT
// Made from tests/vectors/protocol.json by scripts/make_solidity_vectors.py; do not edit.
pragma solidity ^0.8.28;

import {ModelId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";

struct PriceVector {
    uint8 tier;
    uint256 price;
    uint256 bond;
}

struct AnswerVector {
    uint256 pricePerByte;
    uint256 deposit;
    uint256 feeOfNothing;
    uint256 feeOf1025Bytes;
}

struct PayloadVector {
    uint256 length;
    bytes32 salt;
    bytes32 root;
}

struct SeatVector {
    address provider;
    bytes32 salt;
    bytes32 commitment;
    bytes32 commitStructHash;
    bytes commitSignature;
    bytes32 claimStructHash;
    bytes claimSignature;
}

struct JobVector {
    uint256 chainId;
    address market;
    bytes32 domainSeparator;
    string modelName;
    string modelVersion;
    Order order;
    bytes32 pool;
    uint256 payment;
    bytes32 orderStructHash;
    bytes32 job;
    bytes orderSignature;
    bytes32 seed;
    uint8 round;
    bytes32 draw;
    bytes32 outputRoot;
    bytes32 set;
    bytes32 receiptStructHash;
    SeatVector[] seats;
}

library ProtocolVectors {
    function prices() internal pure returns (PriceVector[] memory v) {
        v = new PriceVector[](8);
        v[0] = PriceVector(0, 1, 192);
        v[1] = PriceVector(1, 2, 384);
        v[2] = PriceVector(2, 5, 960);
        v[3] = PriceVector(3, 10, 1920);
        v[4] = PriceVector(47, 5000000000000000, 960000000000000000);
        v[5] = PriceVector(48, 10000000000000000, 1920000000000000000);
        v[6] = PriceVector(49, 20000000000000000, 3840000000000000000);
        v[7] = PriceVector(89, 500000000000000000000000000000, 96000000000000000000000000000000);
    }

    function answers() internal pure returns (AnswerVector[] memory v) {
        v = new AnswerVector[](4);
        v[0] = AnswerVector(0, 0, 0, 0);
        v[1] = AnswerVector(1, 100352, 2048, 3073);
        v[2] = AnswerVector(1000000000000, 100352000000000000, 2048000000000000, 3073000000000000);
        v[3] = AnswerVector(79228162514264337593543950335, 7950704564631454806187322504017920, 162259276829213363391578010286080, 243468143406334309424960559379455);
    }

    function payloads() internal pure returns (PayloadVector[] memory v) {
        v = new PayloadVector[](7);
        v[0] = PayloadVector(0, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0x43628ed78ce4aaf238c373c34182e463ec34db56821860a793416961320a0d11);
        v[1] = PayloadVector(1, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0xcebe1572fd77dd9f65b3a69a25e27797980dd89e18332ed8cdd934a620162180);
        v[2] = PayloadVector(255, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0x8138c5dbc04b737a9e71f5a7ed192cacc166ecb467eabef67eac75bd3f75e0b5);
        v[3] = PayloadVector(256, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0x6d3c558757402d174fc20a93fbd6f2e08b7c1f64f69b3dc29ac42eb29c7cbb3a);
        v[4] = PayloadVector(257, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0xf8c94ad6b37f9854c7a837aa60b602feb8fb9ee017233d2dd34e48e4e68340aa);
        v[5] = PayloadVector(775, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0x78816cc3de628e91091362417eceaeab504d611574835ae450a1b3b578d0227d);
        v[6] = PayloadVector(98304, 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f, 0xd010d1a9df696997a8dcb1eb115c0db887b9771194c2e1e73c08e69fa3a9528b);
    }

    function jobs() internal pure returns (JobVector[] memory v) {
        v = new JobVector[](3);
        v[0] = _job0();
        v[1] = _job1();
        v[2] = _job2();
    }

    function _job0() private pure returns (JobVector memory v) {
        v.chainId = 1;
        v.market = 0xb9726e1aD30E05206C1Ab3516da3727957c335f3;
        v.domainSeparator = 0xd1691b43f3748375354c394feebf9a0d7ec614bd504c1854d937e22bde051f26;
        v.modelName = "model-594";
        v.modelVersion = "7.0";
        v.pool = 0x39d49c3ed9f428af1d305cb7b7835080492282bf55ee13d9f5843efc8d8456e9;
        v.payment = 10500000000;
        v.orderStructHash = 0xb4663aeb77de46f94875dc9bff340e505ffd9d943b052893aa570b04c1426a7e;
        v.job = 0xf9081562ad3faf613f600b19f5d9c301544b2ea923b7564bc3604ec19eefe4c1;
        v.orderSignature = hex"45f384e0a516557ba96a43c795964c20840e15f349396d95f6d17240a397a4fdada90d05dbab0c26c767d8e0c930850180350e2f7943e7445884730cd2c79f84";
        v.seed = 0xe2c9321862bc701509f6b9309952e040c82a85b166b3b1c31ba6914863a3184e;
        v.round = 2;
        v.draw = 0xa70eff9c814e25fe9091385adec9cf664b2494edadec832f4d4f730d85bf2585;
        v.outputRoot = 0x8e85bc41e444d12938a6bb9f1662211e0d27dbe787ebf90546607e44d33daeb4;
        v.set = 0xc1e12912b5a549973743186145628b76a9c39c112f3ae9a709e91c000067c1ae;
        v.receiptStructHash = 0x568e4cd06d3f2cab53ec903b43523a3380974c23f96f5532fc68f327f04f4c57;
        v.order.requester = 0x5750218249Cf34d460380F25d84Ae83a301B93d5;
        v.order.model = ModelId.wrap(0xa3f292a3f1e3972399305b95c617e7d0085ad75a3acfc856395818e47146c5b1);
        v.order.shard = 53999;
        v.order.tier = 26;
        v.order.mode = 0;
        v.order.replicas = 3;
        v.order.units = 7;
        v.order.inputRoot = 0x8f9e20514d7b18a0c75b9ce8a9c46aae7ed6e755cd612854f83c686d4dc7bc17;
        v.order.params = 0x56e3afa0beca9184b2d23ace93f575d7e827fb7d5cb0a96767f4da1416ead234;
        v.order.nonce = 4475961983434089244;
        v.order.openBy = 219194073217;
        v.seats = new SeatVector[](3);
        v.seats[0].provider = 0x5750218249Cf34d460380F25d84Ae83a301B93d5;
        v.seats[0].salt = 0x8bc7e43b42ceeedb07a456d77b013c380726ed92af58d13c81d5560ebfa95203;
        v.seats[0].commitment = 0x1b360e8c612c20da27055f07a547e27c31f54a3331d9779e01ba2a92b9342ae3;
        v.seats[0].commitStructHash = 0x22eaed64812fcd1e1cd8707c39cfd3790592f46ab50b3b4405ba04c48c3fa66c;
        v.seats[0].commitSignature = hex"83e67f462c9f231f1b5475d5fb20d3a8d08c21e41b79b14ae20022c78b61909c691f8d9955ce3293e772d8d5712509f695822d28f20ea71e52c75f886e246825";
        v.seats[0].claimStructHash = 0x68ed09dc006d61ddd701cae894e8392b0ab1251b16f8b8302cf4435cfe9ac717;
        v.seats[0].claimSignature = hex"7bdda86caadb7bea7b12cddb90063736a673c9526fb772d5a9a6d91a246dc5f3966a6276c941ee9a39bd988ab8a3b22762209bd00f9615e13c1a2b7238aab21f";
        v.seats[1].provider = 0x0407CDd8C4463640B93C99bD90BFC2a21E6c6555;
        v.seats[1].salt = 0x26c58fcc707115a546cc1f9ee7b1fd4c28a286472c100a23801bddb1658199a5;
        v.seats[1].commitment = 0x624e95f81790b58bba53e96c8e3afceae144411f220af6437e762a94e2218e24;
        v.seats[1].commitStructHash = 0x7b7a474c63d14f29999d063f3ccd44e9ba18eeafc66d95ff5bbca4a57b0e6d82;
        v.seats[1].commitSignature = hex"e661e32f5a1b9c53e3bf3ed417366b5691a39b48e140743f5e17f25aad512ee9f7f4b12106869fa818ad2ca63abb504388fd005da6f384e4f8127afc6dfa984d";
        v.seats[1].claimStructHash = 0xd9a33384822fc0ed5718eceee699fa052f52fd62b3fd09c6d4a1410be3ef91b0;
        v.seats[1].claimSignature = hex"ec46ae71566a2e702195088c5cfc299fede9ac8c70180f06086e45b0e14b9b78d0d888a8c28e0b9a6aa2642990b7878f1aabc119c29b3712f09e6ff093326a88";
        v.seats[2].provider = 0x59A51C56f76A2Fa00cB401554dB59586D3a98648;
        v.seats[2].salt = 0x83c7fa5556238899d6aca6b84a0e88728ab010e8eae02b27436324eca2eb7fa3;
        v.seats[2].commitment = 0x1fbf75506e1cb21f7d8caffc5ed2efbaf4419f437fe5b78f650f9709923666c6;
        v.seats[2].commitStructHash = 0x7afc3b53a63f69965047daa83821c0b2da5ee0350a097f71f1e0b344517a0aba;
        v.seats[2].commitSignature = hex"ed4e57b8abcad948aeec55daa3eaaf7a07f10270233679c50121c18283c88560a294cbd9a8a9dd7c4254ef5c1764d41a8c02c4b1164a9b478e2550073b4a5fe3";
        v.seats[2].claimStructHash = 0x88b02511b61b7a948ecb0ae6c11c9a8642654ad00de94f3c162fd229025c3d9b;
        v.seats[2].claimSignature = hex"c88424b9c3877715419ccfc8079aebd6a1d98450325e8b09185272b9b8c1d837fbbdbfbecf5f686f5fb4c7ef9d47e4e114b9f4befe7a384bb82b90b57274a3d8";
    }

    function _job1() private pure returns (JobVector memory v) {
        v.chainId = 31337;
        v.market = 0x0A6E82319B57Ba6F28871D2c5b511DFE478F1D2c;
        v.domainSeparator = 0xfc39042fcdbac0c29f51e9c896f236041a32f6c9669041226a4257652b8fb472;
        v.modelName = "model-859";
        v.modelVersion = "1.0";
        v.pool = 0x82194b639e87aa27edf543dd6137ba2e59588a560cc86c0fe32e52ec8cb7da61;
        v.payment = 6000000000000;
        v.orderStructHash = 0x6612c5c5b9427659ec28f7ba1f1882d089f8e23ead5c5fac8b06e6cc806fc7cd;
        v.job = 0x8004ec2e9d7ae65e777244780f235647c7312b9132ab3001ed140d117db5f7a5;
        v.orderSignature = hex"79c4715fa0dc854f9fdd83c8ee0aa4711249ed63f4750ca1005d140fc0bd4f56acbb65320576eda8d59062ae91f795509dc32a5f0053f4a2d35584df68eba856";
        v.seed = 0xcd95a98eaa056255fd863e0319d5b612722ee6929c094bbf534bcd1b580ee017;
        v.round = 1;
        v.draw = 0x91d55284417dd1b2e63875ea5467b2475678b6fa19e101ca5b2f814b39ad0409;
        v.outputRoot = 0x812adf4142c287a4e2bbfe15dd26c9f4931a8ba98796f9c727ec0e4df093e4a9;
        v.set = 0xafcbaa6e774e612bc1632fe9dba80f5edf308e9338048389589eca201ccbfe3b;
        v.receiptStructHash = 0xedc66a37d825fa2c011f5d9be8508db53429231e0d6f66bfb4c370cfd62fceeb;
        v.order.requester = 0xa4AB90b8Ef99FDa9efD44DdD90AB5494EDee84E2;
        v.order.model = ModelId.wrap(0x18b1df0fcd0313d50ff137470a1255c002703150df86134f831378f0378011bf);
        v.order.shard = 15051;
        v.order.tier = 37;
        v.order.mode = 0;
        v.order.replicas = 3;
        v.order.units = 1;
        v.order.inputRoot = 0x7f775dcf827dc6a65d1761cc9840b950e8c019acc02fd3ba7cbfef660168d9f3;
        v.order.params = 0x217d1875f1ebc4878c59aac1459d4ec314a3b8b99580ea0d2f82f8d5971cd7aa;
        v.order.nonce = 2168338132993451976;
        v.order.openBy = 502245224929;
        v.seats = new SeatVector[](3);
        v.seats[0].provider = 0xa4AB90b8Ef99FDa9efD44DdD90AB5494EDee84E2;
        v.seats[0].salt = 0xd69f580b340ea2c9d0f0f206403bc4312d103a3865805c832b2cb381274366b3;
        v.seats[0].commitment = 0x84aa1381718ea4e4e3d57b0d769167c584ec9fe13b489c07af5b2f81977f4d3b;
        v.seats[0].commitStructHash = 0x9663d3454d36a4624cf90e94216b417a2a9c7e4cf30ea98a900952513436c451;
        v.seats[0].commitSignature = hex"5663447e7e96574bfc7770730e87fa91bbcade2baebab6a14a6c34c7e506d049777a02d0d82407c1ed3a8d239670e6297a9d1694db9882585c4b967879b18010";
        v.seats[0].claimStructHash = 0x8ddf54e81e14759733552d4cc4ae95dc1d6126837c64c9c317bcbea512d9b06a;
        v.seats[0].claimSignature = hex"0c704f7b1e5fd25e1b4f29d6dcc4e8644b98da6d213acd1060c272784ce337b6b5901482e2ab9ec52c5cabf72da12fa92b731d67e04f0e453f544666da6e2599";
        v.seats[1].provider = 0x2B5ad2DbfFA5622B9d78B91912A8376C41d9423E;
        v.seats[1].salt = 0x217c1c036d801428bcc71606da7bf0ec5679a4aaa74ba7beef07fd869ad870e5;
        v.seats[1].commitment = 0xb7eb0164bb46026f20cc8aa549fe92a3c21e6290c207f3f2c9d4f666cc508a79;
        v.seats[1].commitStructHash = 0x177a465b801a626be001a3b1687c60e003abc3cbdbbb29b6858f196433b884c5;
        v.seats[1].commitSignature = hex"27fdaeb5d8afde1bfccc3738717df6a9ecf751a7f0be35b6df7f8914579dc2f7c3caedc209687f9e4a1fe2350f63b39fec2f98cb15794b6875e1c7d88027d0ac";
        v.seats[1].claimStructHash = 0xb68c21046bd8806a8262e7930a4437bdd310c3f2a14f7a47e31b1820806065d9;
        v.seats[1].claimSignature = hex"6e74630c4d11d065eccde0d639419ffd0c746550b8992fa445edd97b6ac66d5e9490fd6edbeb4f238068a42a3cb52c44fa95712bc8e14a99f073ebd7e678a45c";
        v.seats[2].provider = 0x61943EB6E814Cfd117f6fB9e6d7Da902ad9d21c1;
        v.seats[2].salt = 0x54ee97225d6254e4a159e54f263cf8dfbbd64320060a426b691269464103f61b;
        v.seats[2].commitment = 0x545a50702bf7a7d218bfbe9a61ea1fc3aeeedb2823f34a05227ae4a80436826d;
        v.seats[2].commitStructHash = 0xefe134a5771b65b5657153f2a5cde4fd449f54be6296633dcdd648439b824d1e;
        v.seats[2].commitSignature = hex"f1bc60ea567556bb2eec66be35e6f17cda74b6debaab0d83e46efe32bc01a0b89de4c54da37aead37db169aff44576123788967683c0f30b6b4285942c458c4d";
        v.seats[2].claimStructHash = 0x393055b3fdef9ed3b493f7133ad74b5e49da3d1275d109473e7fabdc56baa797;
        v.seats[2].claimSignature = hex"56a939ad9456821a1f21ec555a0b88408765821cc154f4f5f4bcf7e05ad76376709581c77d7a6f3d01fde0506d734996f6b200a0eddab87b31849d176d0f7859";
    }

    function _job2() private pure returns (JobVector memory v) {
        v.chainId = 9223372036854775808;
        v.market = 0xCB8cB267973639F18b9dDAD806C051181502A9E8;
        v.domainSeparator = 0x4dcac53ce4a994d91c46b126a317b3f3b06238e2b158611223704405ea28385b;
        v.modelName = "model-848";
        v.modelVersion = "4.0";
        v.pool = 0x6642b5661287a357ff3e9e1757f562e9e63375788285391d55af44f85d986113;
        v.payment = 60000000000000000;
        v.orderStructHash = 0xfaffbd47f867b17b349b340ef79562451be1294e033be858bb2ca11ce3e97dbe;
        v.job = 0x5504e911540f703c3fc4c96ee2c40f39636dba3fc36cdad26be287d9cc911848;
        v.orderSignature = hex"331c7bc4f144bdba6c62a9410b0c248f6f7db327feb44cf8bd0a64410466c5779ec2bb607a5077fe8d813caba90b49ee331772ba278186d5e9857d892e4ee7bd";
        v.seed = 0x7d540d1160d6e093b3f923788011183646cfd1f6da9ffbea5dd4900213766eb3;
        v.round = 2;
        v.draw = 0xb2a4d56219ac6ad502e29ac502583e0f3073e72938a95e53862b69b8081bb2a4;
        v.outputRoot = 0xa60b7e87a4bdea1111682eec16cf4ac0c2f10c8c10df5a9ff5a679f719b73f57;
        v.set = 0xa6ba8bb7ac42fa00c1b8c8eda6d80c4925819339cf68ebdb3427a36503497f08;
        v.receiptStructHash = 0x6d590679597c1bbed0541415d51c566a692e15f6497d1e20b75980f4897543bf;
        v.order.requester = 0xACdCAb43092CF292778392C2640864E5C7CAE266;
        v.order.model = ModelId.wrap(0x129838a9ee945c20c366da4e3225e0aa6cd1112c4b1b6052623602e433f7ec9c);
        v.order.shard = 27135;
        v.order.tier = 46;
        v.order.mode = 0;
        v.order.replicas = 3;
        v.order.units = 10;
        v.order.inputRoot = 0x99c1d2249c502cad9ec8bfb9c2ee4219c41f3e01f2a6b64632d0d10faf83e6e0;
        v.order.params = 0x15a03063c6578c5fc46f48bcdf774df875ce5348bbdd5965ebc1e1fa798240d6;
        v.order.nonce = 8531979634324815091;
        v.order.openBy = 110853936468;
        v.seats = new SeatVector[](3);
        v.seats[0].provider = 0xACdCAb43092CF292778392C2640864E5C7CAE266;
        v.seats[0].salt = 0x161effb66810f9037a5ad02d09141147735f444b64d9f39b561192d8cc6564f7;
        v.seats[0].commitment = 0xacfd9010e4f551d851fa3c65851727a53d0a03a14cb69b12cd5b343c312306b4;
        v.seats[0].commitStructHash = 0x639020f70dda39188c05c38ce45947e4293d55088c897208151ad2227f08ef9a;
        v.seats[0].commitSignature = hex"30bdb6797ae4ac10be3f1a7d392691b28d294e368bc533fe546c9168972c1d06781456a3400e05b914fc38c70874933ba0668fd93061a46cb780165bac7bc098";
        v.seats[0].claimStructHash = 0xfeab13cd00fb49bd3c45dd959acaecb358ae4568b11be40f2e27641514c3d6ae;
        v.seats[0].claimSignature = hex"d767770f52a33353050dd79cdf30fe48fa12c58673ccd5cd752bd90310989c613a9bc7cb5f35b350476061e3d92c8ceccad6710704988276751a5e3746513790";
        v.seats[1].provider = 0xF36A0Bb0b79a064138FEebDa2fD33290dFa73C89;
        v.seats[1].salt = 0x63279219baaa9f00758f46fbabf90afc4e828e0ac9aa1836ec0fedbfa1d0fb34;
        v.seats[1].commitment = 0xee9fb68d9b83bc0d00ba352b218140aa02b518c9dd09716d70762b8156982ce3;
        v.seats[1].commitStructHash = 0x003fd517d0b54958bf7d82e2160e1e6edd0208a788cd33c1f8ed4f884fbf9e1c;
        v.seats[1].commitSignature = hex"399fa7af1f5d41da8550a2f181da95def44eec011112cb991672a83acd63abfdb924121032fa1b7ca8e794cbf68ffcf8f79a9955fd43ac166a60600f4ac6a77e";
        v.seats[1].claimStructHash = 0x71c25ae96b24fdcd55f1a139796b976e71775678c82cb8ccb68deb5d02e00514;
        v.seats[1].claimSignature = hex"b9a93f673b7a00fd7565e2e8e46231d32b90551f553c152ee049b40728d1e78ea0aa3c7a17b0a313f06d25130f832d7d2eccf1682dc73d33196f0c54bb7f7657";
        v.seats[2].provider = 0x85f05D5F95822D3eA43F4A0041cd067265C652A2;
        v.seats[2].salt = 0x3be0469ea1f6f4f2327ef5674dd847b09e8aeb99207c05148b140f95999df7d8;
        v.seats[2].commitment = 0x97776b9482ca339794a42b4b3e20c6c1087351fc2169bffa256c4dc5a9eba229;
        v.seats[2].commitStructHash = 0xe2d1a4259a8d10d0709b2ce795b83036594fd47c8c7d4f9ea42caa62a406f9d4;
        v.seats[2].commitSignature = hex"83050436b945f8e54349174bd73af95ffda6c071ea65cd03c73c14836fbad9471f5a3ce3b73650dfccf60bddb5c75da3758d9f8c025df7326e11c4da68679f24";
        v.seats[2].claimStructHash = 0x190bfc31ef01ce8ef506acf3eed205b835fc8537926677669ca795c7b483f34d;
        v.seats[2].claimSignature = hex"f3d22eb022f20a7e19ff249bfe35b2d021d4d87f27a96238d3074a5d24926be155d7909e5ad481168ba6bc4207ea797b1cb18dc303be707eabcad39bc00c6d11";
    }
}
