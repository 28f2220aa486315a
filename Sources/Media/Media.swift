import CPNG
import CTurboJPEG
