import COpenVINO
