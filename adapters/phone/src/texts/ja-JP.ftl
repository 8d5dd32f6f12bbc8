# ソフトキー：8 文字以内（超えると電話機で切れる）
key-sign-in = サインイン
key-exit = 終了
key-erase = 消去
key-ready = 受付可
key-not-ready = 受付不可
key-wrap-up = 後処理
key-call = 通話情報
key-home = 状態
key-sign-out = サインアウト
key-refresh = 更新
key-select = 選択
key-back = 戻る
key-retry = 再試行

# タイトルと案内：32 文字以内
sign-in-title = サインイン
sign-in-prompt = 情報を入力してください
sign-in-incomplete = すべての項目を入力してください
field-id = ID
field-extension = 内線番号
field-password = パスワード
field-mobile = 携帯番号（任意）
device-title = 電話機の選択
device-prompt = 使用する電話機を選んでください
mobile-title = 携帯電話での受付
mobile-prompt = 着信方法を選んでください
mobile-call-by-call = 通話ごとに呼び出す
mobile-nailed = 常時接続する
reasons-not-ready-title = 受付不可の理由
reasons-wrap-up-title = 後処理の理由
reasons-sign-out-title = サインアウトの理由
reasons-prompt = 選択してください
call-title = 通話情報
problem-title = 実行できません
maintenance-title = メンテナンス中

# サインイン画面の一行：32 文字以内
notice-signed-out = サインアウトしました
notice-supervisor = スーパーバイザによりサインアウト
notice-no-contact = 応答がないためサインアウト（{ $code }）
notice-system = システムによりサインアウト
notice-system-code = システムによりサインアウト（{ $code }）
notice-elsewhere = 別の場所でサインインしました
notice-again = もう一度サインインしてください

# ホーム画面
state-ready = 受付可
state-not-ready = 受付不可
state-talking = 通話中
state-wrap-up = 後処理中
state-reason = { $state } - { $reason }
home-state = 状態：{ $state }
home-since = 経過時間：{ $duration }
home-pending = 次の状態：{ $state }
home-wrap-up = 後処理：{ $reason }
home-mobile = 着信先：{ $number }
home-line = 内線 { $extension }
call-from = 着信：{ $number }
call-to = 発信：{ $number }
call-for = 通話時間：{ $duration }
notice-reason-gone = この理由は使用できなくなりました。
notice-not-ready-first = サインアウトの前に受付不可にしてください。
notice-call-gone = 通話はすでに終了しています。
notice-in-call = 通話中は実行できません。
notice-changed = 状態が変わりました。もう一度押してください。

# エラーの説明
problem-wrong = ID またはパスワードが違います。パスワードを続けて 5 回間違えると、5 分間サインインできなくなります。
problem-locked = パスワードの間違いが多すぎます。あと { $minutes } 分間サインインできません。
problem-busy = サービスが混み合っています。{ $seconds } 秒後にもう一度お試しください。
problem-unavailable = 現在サービスを利用できません。しばらくしてからもう一度お試しください。
problem-maintenance = このサービスはメンテナンス中です。代替サービスでサインインしてください。
problem-alternate = 代替サービス：{ $name }
problem-agent = このアカウントはエージェントとして登録されていません。管理者に連絡してください。
problem-extension = 内線 { $extension } は存在しません。内線番号を確認してください。
problem-extension-form = 内線番号に使えるのは数字と * # + のみで、24 文字以内です。
problem-extension-used = 内線 { $extension } は別のエージェントが使用中です。
problem-device = この電話機（{ $device }）はサービスに登録されていません。管理者に連絡してください。
problem-device-used = この電話機では別のエージェントがサインインしています。先にサインアウトしてもらってください。
problem-device-name = サービスのアドレスの末尾は、この電話機のデバイス名でなければなりません。管理者に連絡してください。
problem-mobile = 携帯電話でのサインインは許可されていません。
problem-mobile-form = 携帯番号に使えるのは数字と * # + のみで、24 文字以内です。
problem-in-call = 別の内線で通話中です。先に通話を終了してください。
problem-repeated = サービスのアドレスに「{ $name }」が複数あります。管理者に連絡してください。
problem-encoding = 「{ $name }」の値の符号化が正しくありません。管理者に連絡してください。
problem-control = 「{ $name }」の値に使用できない文字があります。
problem-long = 「{ $name }」の値が長すぎます。{ $limit } 文字以内にしてください。
problem-many = サービスのアドレスのパラメータが多すぎます。管理者に連絡してください。
problem-form = この電話機は入力画面を表示できません。ID、内線番号、パスワードをサービスの登録内容に設定するよう管理者に連絡してください。
problem-link = このページは無効です。もう一度サービスを開いてください。
problem-internal = 内部エラーが発生しました。もう一度お試しください。
problem-reference = 参照番号：{ $reference }
